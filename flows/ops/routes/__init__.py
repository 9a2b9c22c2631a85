"""The operators' routes, one module for each noun."""

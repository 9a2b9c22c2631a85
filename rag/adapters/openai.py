"""Placeholder for the adapter being written."""

"""Interactions and documents in, an approved release out."""

"""Interactions in, "is something wrong, and what?" out."""

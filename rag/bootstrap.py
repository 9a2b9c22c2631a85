"""The composition root of serving."""

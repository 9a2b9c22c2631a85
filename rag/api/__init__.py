"""The HTTP API of serving."""

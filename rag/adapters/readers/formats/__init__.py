"""Formats that xberg reads, each with the small corrections it needs."""

"""The demonstration: the whole loop on a real corpus."""

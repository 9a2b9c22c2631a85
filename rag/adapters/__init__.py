"""One file per vendor; nothing here is imported by a step."""

"""reStructuredText and AsciiDoc."""

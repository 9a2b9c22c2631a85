"""The one command: whetstone."""

"""The passages for a question, each text once."""

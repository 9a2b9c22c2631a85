"""A language model's replies: what is read out of them, and what of that is a question."""

"""Online: a question in, a cited answer out."""

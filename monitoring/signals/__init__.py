"""One module a signal: its statistic, its finding, and the sentence that says what came of it."""

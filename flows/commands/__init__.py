"""One module for each group of commands; nothing heavy is imported at the top of any."""

"""Who may come in, and with how much: keys, their limits, and links that are signed."""

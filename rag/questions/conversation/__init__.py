"""What a question leans on: the turns before it."""

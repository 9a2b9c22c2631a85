"""Documents come in: read and split in the background, put into the store, kept in step with their folders."""

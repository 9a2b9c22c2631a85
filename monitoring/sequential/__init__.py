"""Evidence that adds up over repeated looks, held to an error budget. Pure."""

"""Pages for people: the chat page and a source's page."""

"""The forms in which requests come and answers go: OpenAI's, and what it has no words for."""

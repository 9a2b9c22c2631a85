"""What a text tells by itself: its sentences, its words and their weights."""

"""May the hits be answered from, and how surely."""

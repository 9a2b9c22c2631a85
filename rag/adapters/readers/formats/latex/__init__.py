"""LaTeX: a small reader of its marks, which makes HTML of them, then Markdown."""

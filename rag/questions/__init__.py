"""A question's way to its cited answer: rewritten, retrieved for, prompted with, answered, written down."""

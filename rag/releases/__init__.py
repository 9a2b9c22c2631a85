"""What questions are answered with: the live release, its index, and how its whole retrieval is tried."""

"""What stands, who knows of it, whom it is told, and whether it starts a retraining."""

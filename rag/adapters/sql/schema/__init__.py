"""The tables of serving, a module for each noun. Those of retraining and monitoring stand beside their stores."""

"""Where training pairs come from: one module for each origin."""

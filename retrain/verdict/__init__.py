"""Is a candidate better? Measured beside the incumbent, tuned on dev, judged by the gate."""

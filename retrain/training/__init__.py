"""How a training run is laid out, in arrays alone: what is in a batch, what is a negative, how weights are mixed."""

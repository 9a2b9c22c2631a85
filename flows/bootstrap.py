"""The composition root of the pipelines."""

"""Retraining's part of the database that serving uses: datasets, candidates, gate questions, promotions."""

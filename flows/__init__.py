"""Prefect flows and the command line: when things run, and in what order."""

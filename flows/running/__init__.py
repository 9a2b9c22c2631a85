"""The processes of one machine, run together, and the flows that Prefect runs on a schedule."""

"""The service as a process: its address, its end, and what it shows of itself while it runs."""

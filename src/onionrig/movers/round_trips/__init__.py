"""Measure round trips to the backend, on circuits that carry nothing else."""

"""What happened: samplers, the run directory, reading it back."""

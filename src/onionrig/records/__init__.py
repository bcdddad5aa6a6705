"""What can be recorded: the schema of samples, transfers, events, manifest and result."""

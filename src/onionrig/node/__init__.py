"""Programs that run on a real host: its facts, its probe, and the keys that are made there."""

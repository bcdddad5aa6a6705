"""Programs that run on a real host: what it is, and the keys that are made there."""

"""Show a run while it is under way."""

"""The reports of a sweep and of a comparison."""

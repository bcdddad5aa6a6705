"""Show results in a terminal: of a run, a sweep, a comparison."""

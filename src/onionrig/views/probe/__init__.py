"""Show a probe of a board: in a terminal, and its progress."""

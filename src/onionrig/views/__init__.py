"""Show things: the live table, plain lines, summaries, reports."""

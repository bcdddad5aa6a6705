"""How it is shown: the live table, plain lines, summaries."""

"""Show a plan: in a terminal, and the words that its page shares."""

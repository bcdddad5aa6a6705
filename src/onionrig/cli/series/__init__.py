"""Commands that make several runs: what they say while they go on, and repetitions."""

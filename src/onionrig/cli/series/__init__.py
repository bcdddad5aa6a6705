"""Commands that make several runs: what they print while they go on, and repetitions."""

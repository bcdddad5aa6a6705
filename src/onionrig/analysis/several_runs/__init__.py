"""Evaluate several holds or runs together: repetitions, sweeps, comparisons."""

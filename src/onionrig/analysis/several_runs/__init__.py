"""Several holds or runs together: repetitions, sweeps, comparisons."""

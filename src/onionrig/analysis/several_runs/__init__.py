"""Several holds or runs held against one another: repetitions, sweeps, comparisons."""

"""Records about several runs together: sweeps, comparisons, repetitions."""

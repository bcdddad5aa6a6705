"""What is written of several runs together: sweeps, comparisons, repetitions."""

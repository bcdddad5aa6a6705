"""Write the reports of sweeps, comparisons and repetitions."""

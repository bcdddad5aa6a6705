"""Records made by hand: recordings, results, sweeps, plans, probes and looks at an address."""

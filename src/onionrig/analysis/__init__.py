"""What it means, as pure functions: windows, goodput, fairness, costs, verdict."""

"""Turn a recording into a result with pure functions: windows, goodput, costs, verdict."""

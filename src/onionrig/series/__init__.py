"""Many runs: each series is a function of "run one", with no console in it."""

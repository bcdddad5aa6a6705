"""The experiment: the schema of its TOML, merging file, profile and flags, shipped profiles."""

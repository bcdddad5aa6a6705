"""What is asked: the TOML schema, merging of file, profile and flags, shipped profiles."""

"""Real hosts as an engine: OpenSSH carries what is live, systemd on each host supervises."""

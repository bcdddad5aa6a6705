"""The engine for real hosts: OpenSSH carries live traffic, systemd on each host supervises."""

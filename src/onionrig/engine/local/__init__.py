"""The engine for this machine: its services are children of this process."""

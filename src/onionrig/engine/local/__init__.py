"""This machine as an engine: its services are children of this process."""

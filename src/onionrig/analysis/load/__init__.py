"""Evaluate one load of a run: its times, bytes second by second, streams, and faults."""

"""What one load of a run did: its times, bytes second by second, streams, and faults."""

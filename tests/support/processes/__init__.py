"""Real processes, sockets and hosts that tests start, and what they can be asked."""

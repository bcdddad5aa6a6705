"""Moving and checking bytes: payload, source, sink."""

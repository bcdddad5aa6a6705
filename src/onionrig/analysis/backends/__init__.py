"""What the backend instances served: shares, fairness, dials, round trips, circuits."""

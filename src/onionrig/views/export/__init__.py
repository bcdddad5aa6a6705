"""What ``export`` writes: a recording as tables, a result as Prometheus' text."""

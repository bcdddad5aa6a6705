"""Write what ``export`` offers: a recording as tables, a result as Prometheus' text."""

"""Draw the charts of reports."""

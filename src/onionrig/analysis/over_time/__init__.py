"""Compute what a run did second by second, as the lines that a report draws."""

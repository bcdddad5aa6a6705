"""Measure how many Mbit/s one onion address can serve, and what it takes."""

__version__ = "0.1.0"

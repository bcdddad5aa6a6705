"""Onionbalance: launching it, timing it, reading what it has published, extending it."""

"""Readings of the yardstick, and how fast the cores were by them."""

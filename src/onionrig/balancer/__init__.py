"""Onionbalance: launching it, and reading what it has published."""

"""Bundles: one run as one file to share, in which names, addresses and paths are replaced."""

"""Streams of a load: when they are on, what became of each, and the short ones that are dials."""

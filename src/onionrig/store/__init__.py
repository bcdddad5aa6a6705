"""Directories of runs and series: written, followed, read back, mended, accounted for."""

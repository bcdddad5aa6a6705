"""Onionbalance with a few functions replaced, each behind a switch (docs/onionbalance.md).

Every module below fixes one defect: what is replaced, and why. ``__main__`` runs Onionbalance's own
program with the replacements that are requested.
"""

"""Onionbalance with a few functions replaced, each behind a switch (docs/onionbalance.md).

Every module below holds one defect's mend: what is replaced, and why. ``__main__`` runs
Onionbalance's own program with those that are asked for.
"""

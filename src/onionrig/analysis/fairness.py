"""How evenly the backend instances served."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def jain(shares: Collection[float]) -> float | None:
    """Return Jain's index: 1 where all are equal, 1/n where one has everything.

    Source: Jain, Chiu, Hawe, "A Quantitative Measure of Fairness", DEC-TR-301 (1984).
    None where there is nothing to share.
    """
    squares = sum(share * share for share in shares)
    if not squares:
        return None
    return min(1.0, sum(shares) ** 2 / (len(shares) * squares))


def smallest_over_mean(shares: Collection[float]) -> float | None:
    """Return the smallest share over the mean share; None where there is nothing to share."""
    total = sum(shares)
    return min(shares) * len(shares) / total if total else None

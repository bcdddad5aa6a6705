"""Compute Student's t: how far a mean of few values may be off by chance."""

from __future__ import annotations

import functools
import math

HALVINGS = 60
"""Number of halvings; more change nothing, since a float has 53 bits."""


@functools.cache
def t_quantile(chance: float, degrees: int) -> float:
    """Return the two-sided quantile of Student's t for this chance.

    It is found by halving, since the chance falls as t grows. ``degrees`` is the number of degrees
    of freedom, at least 1.
    """
    low, high = 0.0, math.pi / 2
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if 1 - _within(middle, degrees) > chance:
            low = middle
        else:
            high = middle
    return math.sqrt(degrees) * math.tan((low + high) / 2)


def _within(angle: float, degrees: int) -> float:
    """Return the chance of a t between -x and x, where x is √degrees times the angle's tangent.

    The sums are those of Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and
    26.7.4, and are exact for whole degrees of freedom.
    """
    cosine, sine = math.cos(angle), math.sin(angle)
    is_odd = degrees % 2 == 1
    term, total = (cosine if is_odd else 1.0), 0.0
    for power in range(1 if is_odd else 0, degrees - 1, 2):
        total += term
        term *= cosine * cosine * (power + 1) / (power + 2)
    return (angle + sine * total) * 2 / math.pi if is_odd else sine * total

"""Arithmetic of figures that are ranges: positive quantities, each anywhere within its own range.

The likely value is computed from likely values. The ends are computed from the combinations that
are worst and best, so a result's range is valid whatever the true values within their ranges: it is
too wide rather than wrong. If a quantity occurs twice in a formula, the result is wider than
necessary.
"""

from __future__ import annotations

import statistics
from functools import reduce
from typing import TYPE_CHECKING

from onionrig.records.plan import Range

if TYPE_CHECKING:
    from collections.abc import Sequence


def exactly(value: float) -> Range:
    """Return a figure that has no spread."""
    return Range(lowest=value, likely=value, highest=value)


def around(value: float, spread: float) -> Range:
    """Return a figure with a relative uncertainty: 0.25 is a quarter."""
    return Range(lowest=value * (1 - spread), likely=value, highest=value * (1 + spread))


def spanning(values: Sequence[float]) -> Range:
    """Return lowest, median and highest of one figure's measurements."""
    return Range(lowest=min(values), likely=statistics.median(values), highest=max(values))


def no_narrower(figure: Range, spread: float) -> Range:
    """Return a figure, widened to this share of its likely value each way if it is narrower."""
    least_wide = around(figure.likely, spread)
    return Range(
        lowest=min(figure.lowest, least_wide.lowest),
        likely=figure.likely,
        highest=max(figure.highest, least_wide.highest),
    )


def plus(*ranges: Range) -> Range:
    """Return the sum."""
    return Range(
        lowest=sum(item.lowest for item in ranges),
        likely=sum(item.likely for item in ranges),
        highest=sum(item.highest for item in ranges),
    )


def minus(whole: Range, part: Range) -> Range:
    """Return the difference, or 0 if the part is larger."""
    return Range(
        lowest=max(0.0, whole.lowest - part.highest),
        likely=max(0.0, whole.likely - part.likely),
        highest=max(0.0, whole.highest - part.lowest),
    )


def times(*factors: Range | float) -> Range:
    """Return the product; a number is a figure without spread."""
    return reduce(_product, map(_range, factors), exactly(1.0))


def over(numerator: Range | float, denominator: Range | float) -> Range:
    """Return the quotient: the lowest divided by the highest, and vice versa."""
    above, below = _range(numerator), _range(denominator)
    return Range(
        lowest=above.lowest / below.highest,
        likely=above.likely / below.likely,
        highest=above.highest / below.lowest,
    )


def least(*ranges: Range) -> Range:
    """Return the smallest of several quantities, whichever it is at each end."""
    return Range(
        lowest=min(item.lowest for item in ranges),
        likely=min(item.likely for item in ranges),
        highest=min(item.highest for item in ranges),
    )


def at_most(limit: float, figure: Range) -> Range:
    """Return a figure limited to an upper bound."""
    return least(figure, exactly(limit))


def _product(a: Range, b: Range) -> Range:
    return Range(
        lowest=a.lowest * b.lowest, likely=a.likely * b.likely, highest=a.highest * b.highest
    )


def _range(value: Range | float) -> Range:
    return value if isinstance(value, Range) else exactly(value)

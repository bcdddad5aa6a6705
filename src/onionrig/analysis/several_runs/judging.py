"""Judge which figures of two sides differ, with few false differences between equals.

Both sides ran in turn, so repetition i of A and of B are a pair. The logarithms of the pairs'
ratios B/A have a mean and an interval by Student's t. All judged figures share one chance of error
(Bonferroni: each interval gets a share of it), so of comparisons of equals at most one in twenty
shows a difference in any figure. The interval assumes that logarithms spread symmetrically about
their mean, as those of equals do: A and B could change places.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.several_runs.students_t import t_quantile
from onionrig.records.series.comparison import Ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.series.comparison import RatioVerdict

WRONG_TOGETHER = 0.05
"""Chance that a comparison of equals shows a difference in any of its figures."""
FEWEST_PAIRS = 6
"""Fewest pairs that can show a difference. On a machine with two speeds, which no t is made for,
all pairs of equals point one way once in 2^(n-1): six is the fewest for which that is rarer than
``WRONG_TOGETHER``."""
DEFAULT_PAIRS = 10
"""Number of pairs that finds a true difference of 15 % in cost in nine out of ten comparisons."""
LEAST_SHARE = 0.05
"""Share of all CPU time. A role that takes less on both sides is reported but not judged: if it
changed by a fifth, the whole would change by a hundredth."""
ROUNDING = 1e-6
"""Fraction by which a ratio may differ from 1 although its figures are the same."""

IS_ZERO = "it is 0 in a repetition, and no mean of ratios can be made with that"
"""Why a figure is not judged that is 0 in a repetition."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of both sides: a value per repetition, in order."""

    what: str
    unit: str
    a: tuple[float | None, ...]
    b: tuple[float | None, ...]
    too_small: str = ""
    """Why the figure is reported but not judged, if so."""


def judged(figures: Sequence[Compared]) -> tuple[Ratio, ...]:
    """Return the ratio of each figure with a verdict that is valid for all figures together.

    Repetition i of A and of B ran in turn.
    """
    pairs = [_pairs(figure) for figure in figures]
    count = sum(
        not figure.too_small and not has_zero(figure) and len(ratios) >= FEWEST_PAIRS
        for figure, ratios in zip(figures, pairs, strict=True)
    )
    return tuple(
        _ratio(figure, ratios, chance=WRONG_TOGETHER / max(count, 1))
        for figure, ratios in zip(figures, pairs, strict=True)
    )


def interval_of_ratio(ratios: Sequence[float], *, chance: float) -> tuple[float, float]:
    """Return the interval of the ratios' geometric mean that misses the true one with a chance.

    There must be at least two ratios, all above 0.
    """
    logarithms = [math.log(ratio) for ratio in ratios]
    mean = statistics.fmean(logarithms)
    error = statistics.stdev(logarithms) / math.sqrt(len(ratios))
    reach = t_quantile(chance, len(ratios) - 1) * error
    return math.exp(mean - reach), math.exp(mean + reach)


def _pairs(figure: Compared) -> list[float]:
    """Return B over A for each pair with both values."""
    return [
        after / before
        for before, after in zip(figure.a, figure.b, strict=False)
        if before and after is not None
    ]


def has_zero(figure: Compared) -> bool:
    """Return whether the figure is 0 in a repetition, so that no mean of logarithms exists."""
    return 0 in figure.a or 0 in figure.b


def _ratio(figure: Compared, ratios: Sequence[float], *, chance: float) -> Ratio:
    a, b = known_median(figure.a), known_median(figure.b)
    ratio = b / a if a and b is not None else None
    if ratios and not has_zero(figure):
        ratio = statistics.geometric_mean(ratios)
    has_several = len(ratios) > 1
    ratio_without_interval = Ratio(
        what=figure.what,
        unit=figure.unit,
        a=a,
        b=b,
        ratio=ratio,
        lowest=min(ratios) if has_several else None,
        highest=max(ratios) if has_several else None,
        pairs=len(ratios),
        verdict="not measured" if ratio is None else "not repeated",
    )
    if ratio is None:
        return ratio_without_interval
    if figure.too_small:
        return msgspec.structs.replace(
            ratio_without_interval, verdict="not judged", reason=figure.too_small
        )
    if not has_several:
        return ratio_without_interval
    if has_zero(figure):
        return msgspec.structs.replace(ratio_without_interval, verdict="not judged", reason=IS_ZERO)
    if len(ratios) < FEWEST_PAIRS:
        reason = f"fewer than {FEWEST_PAIRS} pairs show none"
        return msgspec.structs.replace(
            ratio_without_interval, verdict="no difference shown", reason=reason
        )
    low, high = interval_of_ratio(ratios, chance=chance)
    return msgspec.structs.replace(
        ratio_without_interval, interval=(low, high), verdict=verdict_by_interval(low, high)
    )


def verdict_by_interval(low: float, high: float) -> RatioVerdict:
    """Return the verdict on B compared with A by the interval of their ratio."""
    if low > 1 + ROUNDING:
        return "higher"
    return "lower" if high < 1 - ROUNDING else "no difference shown"


def known_median(figures: Sequence[float | None]) -> float | None:
    """Return the median of the values that were measured, or None without any."""
    known_figures = [figure for figure in figures if figure is not None]
    return statistics.median(known_figures) if known_figures else None

"""Judge which figures of two series differ that ran at different times, so that nothing is a pair.

The means of the logarithms of both sides are compared by Welch's t, which lets each side have its
own number of repetitions and its own spread. The degrees of freedom (Welch and Satterthwaite) are
rounded down, and never more than if both sides had as few repetitions as the shorter one: where
four are compared with twelve, the four could otherwise look more alike than they are, and equals
differ more often than they may. All judged figures share one chance of error, as those of pairs do.
What changed between the two series, such as the speed of the machine, is part of every difference.
"""

from __future__ import annotations

import bisect
import math
import statistics
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.several_runs.judging import (
    IS_ZERO,
    WRONG_TOGETHER,
    has_zero,
    known_median,
    verdict_by_interval,
)
from onionrig.analysis.several_runs.students_t import t_quantile
from onionrig.records.series.comparison import Ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.several_runs.judging import Compared

FEWEST_REPETITIONS = 4
"""Fewest repetitions of each side that can show a difference: a series that ran to its end has as
many. On a machine with two speeds, all of A have one and all of B the other once in 2^(2n-1): four
is the fewest for which all orders that look alike are rarer than ``WRONG_TOGETHER`` together."""
MOST_TIMES = 1000
"""Largest multiple of the repetitions that is named as what would decide a condition."""


def judged_apart(figures: Sequence[Compared]) -> tuple[Ratio, ...]:
    """Return the ratio of each figure with a verdict that is valid for all figures together."""
    count = sum(
        not figure.too_small and not has_zero(figure) and min(_counts(figure)) >= FEWEST_REPETITIONS
        for figure in figures
    )
    return tuple(_ratio(figure, chance=WRONG_TOGETHER / max(count, 1)) for figure in figures)


def interval_apart(
    a: Sequence[float], b: Sequence[float], *, chance: float
) -> tuple[tuple[float, float], int]:
    """Return the interval of the ratio of geometric means B/A, and its degrees of freedom.

    It misses the true ratio with that chance. Each side must have two values at least, all above 0.
    """
    a_logarithms, b_logarithms = ([math.log(value) for value in side] for side in (a, b))
    difference = statistics.fmean(b_logarithms) - statistics.fmean(a_logarithms)
    errors = [statistics.variance(side) / len(side) for side in (a_logarithms, b_logarithms)]
    fewest = min(len(a), len(b)) - 1
    degrees = fewest
    if sum(errors):
        weights = (
            error**2 / (len(side) - 1)
            for error, side in zip(errors, (a_logarithms, b_logarithms), strict=True)
        )
        degrees = min(max(fewest, int(sum(errors) ** 2 / sum(weights))), 2 * fewest)
    reach = t_quantile(chance, degrees) * math.sqrt(sum(errors))
    return (math.exp(difference - reach), math.exp(difference + reach)), degrees


def repetitions_needed(ratio: Ratio, bound: float, *, chance: float) -> tuple[int, int] | None:
    """Return how many repetitions of A and of B would decide a bound, None if too many.

    They are multiplied alike and assumed to spread as these do. ``chance`` is that of missing the
    true ratio. The ratio must be one of unpaired repetitions with an interval.
    """
    if ratio.interval is None or ratio.ratio is None or ratio.repetitions is None:
        raise ValueError(ratio.what)
    low, high = ratio.interval
    error = math.log(high / low) / 2 / t_quantile(chance, ratio.degrees)
    distance = abs(math.log(ratio.ratio / bound))
    a_count, b_count = ratio.repetitions
    fewest = min(ratio.repetitions)

    def decides(count: int) -> bool:
        times = count / fewest
        degrees = int(ratio.degrees * times)
        return t_quantile(chance, degrees) * error / math.sqrt(times) < distance

    counts = range(fewest + 1, fewest * MOST_TIMES + 1)
    index = bisect.bisect_left(counts, True, key=decides)
    if index == len(counts):
        return None
    times = counts[index] / fewest
    return math.ceil(a_count * times), math.ceil(b_count * times)


def _counts(figure: Compared) -> tuple[int, int]:
    return len(_known(figure.a)), len(_known(figure.b))


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _ratio(figure: Compared, *, chance: float) -> Ratio:
    a, b = known_median(figure.a), known_median(figure.b)
    a_values, b_values = _known(figure.a), _known(figure.b)
    ratio = b / a if a and b is not None else None
    if a_values and b_values and not has_zero(figure):
        a, b = statistics.geometric_mean(a_values), statistics.geometric_mean(b_values)
        ratio = b / a
    without_interval = Ratio(
        what=figure.what,
        unit=figure.unit,
        a=a,
        b=b,
        ratio=ratio,
        lowest=None,
        highest=None,
        repetitions=_counts(figure),
        verdict="not measured" if ratio is None else "not repeated",
    )
    if ratio is None:
        return without_interval
    if figure.too_small or has_zero(figure):
        return msgspec.structs.replace(
            without_interval, verdict="not judged", reason=figure.too_small or IS_ZERO
        )
    fewest = min(_counts(figure))
    if fewest == 1:
        return without_interval
    if fewest < FEWEST_REPETITIONS:
        reason = f"fewer than {FEWEST_REPETITIONS} repetitions of a side show none"
        return msgspec.structs.replace(
            without_interval, verdict="no difference shown", reason=reason
        )
    interval, degrees = interval_apart(a_values, b_values, chance=chance)
    return msgspec.structs.replace(
        without_interval,
        interval=interval,
        degrees=degrees,
        verdict=verdict_by_interval(*interval),
    )

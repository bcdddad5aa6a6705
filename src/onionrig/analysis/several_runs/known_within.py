"""Judge how precisely a figure is known after some repetitions, and how many more are needed.

Stein's two-stage procedure (1945): the spread s of the first n repetitions gives the total number,
(t s / d)² with t of n - 1 degrees of freedom, that determines the mean within d. The interval keeps
using that first spread. So its coverage holds although the number of repetitions depends on the
measurements. It would not if one stopped as soon as an interval happens to be narrow. Figures are
taken by their logarithms, so d is a share of the figure.
"""

from __future__ import annotations

import itertools
import math
import statistics
from typing import TYPE_CHECKING

from onionrig.analysis.several_runs.students_t import t_quantile
from onionrig.records.series.repetition import KnownFigure, RunningMean

if TYPE_CHECKING:
    from collections.abc import Sequence

WRONG = 0.05
"""Chance that an interval misses the true mean."""
FEWEST_FIRST = 4
"""Smallest first stage: with fewer, t is so large that nothing is known within a few percent."""


def first_stage_for(spread: float, within: float) -> int:
    """Return the size of the first stage: half of what this spread is expected to need."""
    # t is never below the normal distribution's quantile, and a little above it for few values
    normal_quantile = statistics.NormalDist().inv_cdf(1 - WRONG / 2)
    count = max(FEWEST_FIRST, int((normal_quantile * spread / math.log1p(within)) ** 2 / 2))
    while t_quantile(WRONG, 2 * count - 1) * spread / math.sqrt(2 * count) > math.log1p(within):
        count += 1
    return count


def needed_for(spread: float, within: float, *, first_stage: int) -> int:
    """Return how many repetitions are needed if the first stage has this spread."""
    reach = t_quantile(WRONG, first_stage - 1) * spread
    return max(first_stage, math.ceil((reach / math.log1p(within)) ** 2))


def within_after(spread: float, count: int, *, first_stage: int) -> float:
    """Return the possible error, as a fraction, after ``count`` repetitions, at least two."""
    degrees = min(count, first_stage) - 1
    return math.expm1(t_quantile(WRONG, degrees) * spread / math.sqrt(count))


def known_figure(what: str, unit: str, values: Sequence[float], *, first_stage: int) -> KnownFigure:
    """Return a figure with its interval; there must be a value, and all must be above 0."""
    running = _running_means(values, first_stage=first_stage)
    spread = spread_of(values, first_stage=first_stage)
    within = None if spread is None else within_after(spread, len(values), first_stage=first_stage)
    return KnownFigure(
        what=what,
        unit=unit,
        values=tuple(values),
        mean=running[-1].mean,
        interval=running[-1].interval,
        within=within,
        running=running,
    )


def _running_means(values: Sequence[float], *, first_stage: int) -> tuple[RunningMean, ...]:
    """Return the mean and its interval after each value; the spread stays that of the first."""
    running = []
    spread: float | None = None
    sums = itertools.accumulate(math.log(value) for value in values)
    for count, sum_of_logarithms in enumerate(sums, start=1):
        if count <= first_stage:
            spread = spread_of(values[:count], first_stage=first_stage)
        mean = math.exp(sum_of_logarithms / count)
        interval = None
        if spread is not None:
            within = within_after(spread, count, first_stage=first_stage)
            interval = mean / (1 + within), mean * (1 + within)
        running.append(RunningMean(mean=mean, interval=interval))
    return tuple(running)


def spread_of(values: Sequence[float], *, first_stage: int) -> float | None:
    """Return the spread of the first stage, as far as it exists, or None for a single value."""
    logarithms = [math.log(value) for value in values[:first_stage]]
    return statistics.stdev(logarithms) if len(logarithms) > 1 else None

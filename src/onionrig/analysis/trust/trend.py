"""Judge whether the hold was a steady state: a straight line through its seconds.

Consecutive seconds are alike (schedulers, buffers, streams that reconnect), so the errors of a line
through single seconds look smaller than they are. A hold of 30 s or more is cut into blocks of 5 s
or a little longer, and the line is fitted to their means.
"""

from __future__ import annotations

import math
import statistics
from itertools import pairwise
from typing import TYPE_CHECKING

from onionrig.analysis.load.faults import faults_in
from onionrig.analysis.load.lost_hosts import lost_hosts
from onionrig.records.findings import Trend
from onionrig.records.result import WINDOW_SECONDS
from onionrig.units import percent_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.loads import MeasuredLoad

BLOCK_SECONDS = 5
BLOCKS_FROM_SECONDS = 30
"""Length of a hold from which it is cut into blocks: fewer would be too few for an error."""
MOST_CHANGE = 0.10
LEAST_SIGNIFICANCE = 3.0
CERTAIN = 1e6
"""Significance of a change without any error, for which JSON has no number."""


def trend(load: MeasuredLoad) -> Trend:
    """Return the change over the hold; null if it has too few seconds, or nothing came.

    Seconds without a sample are left out: they are missing, not a sign of a trend. A hold with
    faults was not meant to be steady, and one that lost a host could not be, so neither is judged.
    """
    seconds, sizes = load.sink_seconds.sampled_in(load.hold), load.sink_seconds.payload_bytes
    points = blocks([(second - load.hold.begin, sizes[second]) for second in seconds])
    mean = statistics.fmean(size for _, size in points) if points else 0.0
    if len(seconds) < WINDOW_SECONDS or not mean:
        return Trend(change=None, significance=None, steady=None)
    slope, error = line(points)
    change = slope * len(load.hold.seconds) / mean
    significance = min(abs(slope) / error, CERTAIN) if error else (CERTAIN if slope else 0.0)
    steady = abs(change) <= MOST_CHANGE or significance < LEAST_SIGNIFICANCE
    disturbed = bool(faults_in(load.recording, load.hold) or lost_hosts(load))
    return Trend(change=change, significance=significance, steady=None if disturbed else steady)


def trend_doubts(trend: Trend) -> list[str]:
    """Return the doubt raised by a hold that was not steady, if it was not."""
    if trend.steady is not False or trend.change is None or trend.significance is None:
        return []
    change_text = f"{'rose' if trend.change > 0 else 'fell'} by {percent_text(abs(trend.change))}"
    errors = f"{trend.significance:.1f} standard errors"
    return [f"goodput {change_text} over the hold ({errors}), so it was not steady"]


def blocks(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the means of blocks of at least 5 points if there are 30 or more."""
    if len(points) < BLOCKS_FROM_SECONDS:
        return list(points)
    count = len(points) // BLOCK_SECONDS
    cuts = [index * len(points) // count for index in range(count + 1)]
    return [
        (statistics.fmean(at for at, _ in block), statistics.fmean(size for _, size in block))
        for block in (points[begin:end] for begin, end in pairwise(cuts))
    ]


def line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the slope of the least-squares line and its standard error; at least three points."""
    seconds, sizes = zip(*points, strict=True)
    slope = statistics.linear_regression(seconds, sizes).slope
    middle, mean = statistics.fmean(seconds), statistics.fmean(sizes)
    residuals = math.fsum((size - mean - slope * (at - middle)) ** 2 for at, size in points)
    squares = math.fsum((at - middle) ** 2 for at in seconds)
    return slope, math.sqrt(residuals / (len(points) - 2) / squares)

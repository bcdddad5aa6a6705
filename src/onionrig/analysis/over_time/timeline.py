"""Define lines over seconds, and thin them out."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from onionrig.records import Part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onionrig.analysis.load.windows import Window


class Timeline(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lines that share their points in time; each value is the mean of its stretch of time."""

    at_seconds: tuple[float, ...]
    """Beginning of each stretch of time."""
    lasting_seconds: tuple[float, ...]
    lines: dict[str, tuple[float | None, ...]]
    """Values of each line by its name; null if nothing was recorded."""

    @property
    def highest(self) -> float:
        """Highest value of any line; 0 if nothing was recorded."""
        known_values = (
            value for line in self.lines.values() for value in line if value is not None
        )
        return max(known_values, default=0.0)

    def total(self, name: str) -> float:
        """Return the integral of a line over time; what was not recorded counts as 0."""
        values = zip(self.lines[name], self.lasting_seconds, strict=True)
        return sum((value or 0.0) * seconds for value, seconds in values)


def timeline(
    span: Window,
    zero: int,
    lines: Mapping[str, Mapping[int, float]],
    *,
    absent: float | None = None,
) -> Timeline:
    """Return lines over every second of the span, from their values by wall-clock second.

    ``zero`` is the second from which time counts, ``absent`` the value of a second without one.
    """
    return Timeline(
        at_seconds=tuple(float(second - zero) for second in span.seconds),
        lasting_seconds=(1.0,) * len(span.seconds),
        lines={
            name: tuple(by_second.get(second, absent) for second in span.seconds)
            for name, by_second in lines.items()
        },
    )


def downsampled_timeline(full_timeline: Timeline, most: int) -> Timeline:
    """Return the timeline with at most ``most`` points, each the mean of the points it replaces.

    Means are weighted by time, so a line without gaps keeps its integral exactly; in a line with
    gaps a point is the mean of what was recorded.
    """
    count = len(full_timeline.at_seconds)
    if count <= most:
        return full_timeline
    size = math.ceil(count / most)
    buckets = [slice(begin, begin + size) for begin in range(0, count, size)]
    lasting_seconds = full_timeline.lasting_seconds
    return Timeline(
        at_seconds=full_timeline.at_seconds[::size],
        lasting_seconds=tuple(math.fsum(lasting_seconds[bucket]) for bucket in buckets),
        lines={
            name: tuple(_mean(values[bucket], lasting_seconds[bucket]) for bucket in buckets)
            for name, values in full_timeline.lines.items()
        },
    )


def _mean(values: Sequence[float | None], lasting_seconds: Sequence[float]) -> float | None:
    weights = [
        0.0 if value is None else seconds
        for value, seconds in zip(values, lasting_seconds, strict=True)
    ]
    return statistics.fmean([value or 0.0 for value in values], weights) if any(weights) else None

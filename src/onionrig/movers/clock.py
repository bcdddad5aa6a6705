"""Seconds that every process of a host counts alike, whatever happens to the wall clock.

A process measures the offset between the wall and the monotonic clock when it starts, and derives
wall-clock seconds from the monotonic clock from then on: a step of the wall clock neither loses nor
doubles a second of a measurement. The offset is that of the quickest of several readings: a process
may be held up between reading the two clocks, and all its later seconds would be shifted.
"""

from __future__ import annotations

import time

READINGS = 5


class SteadyClock:
    """The wall clock as it was at the start, carried on by the monotonic clock."""

    def __init__(self) -> None:
        _, self._offset_seconds = min(_distance() for _ in range(READINGS))

    def wall_seconds(self) -> float:
        """Return the steady wall-clock time, in seconds since the epoch."""
        return time.monotonic() + self._offset_seconds

    def second(self) -> int:
        """Return the current wall-clock second as a whole number."""
        return int(self.wall_seconds())

    def wall_ahead_seconds(self) -> float:
        """Return how far the wall clock is ahead of this one: by how much it was set since."""
        _, distance_seconds = min(_distance() for _ in range(READINGS))
        return distance_seconds - self._offset_seconds

    def until(self, second: float) -> float:
        """Return the seconds left until that wall-clock second begins, at least 0."""
        return max(0.0, second - self.wall_seconds())


def _distance() -> tuple[float, float]:
    """Return how long a reading took, and how far the wall clock was ahead of the monotonic one."""
    before = time.monotonic()
    wall = time.time()
    after = time.monotonic()
    return after - before, wall - (before + after) / 2

"""Seconds that every process of a host counts alike, whatever happens to the wall clock.

A process fixes the distance between wall and monotonic clock when it starts, and derives wall
seconds from the monotonic clock from then on: a step of the wall clock neither loses nor doubles
a second of a measurement.
"""

from __future__ import annotations

import time


class SteadyClock:
    """The wall clock as it was at the start, carried on by the monotonic clock."""

    def __init__(self) -> None:
        self._offset_seconds = time.time() - time.monotonic()

    def wall_seconds(self) -> float:
        """Return the steady wall-clock time, in seconds since the epoch."""
        return time.monotonic() + self._offset_seconds

    def second(self) -> int:
        """Return the whole wall-clock second that now lies in."""
        return int(self.wall_seconds())

    def until(self, second: float) -> float:
        """Return the seconds left until that wall-clock second begins, at least 0."""
        return max(0.0, second - self.wall_seconds())

"""The times at which a stream dials: its place in the ramp, and its pause after a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onionrig.records.streams.schedule import Schedule

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 8.0

_GOLDEN_RATIO = 0.6180339887498949


def first_dial_second(stream: int, schedule: Schedule) -> float:
    """Return when a stream dials first, in wall-clock seconds: streams are spread over the ramp."""
    ramp_seconds = schedule.hold_second - schedule.ramp_second
    return schedule.ramp_second + ramp_seconds * stream / schedule.streams


def pause_seconds(stream: int, *, failures: int) -> float:
    """Return how long a stream waits after a number of failures in a row, counted from 1.

    The pause is between half and the whole of a bound that doubles from 0.5 s to 8 s. The share is
    the stream's own (multiples of the golden ratio are spread evenly over [0, 1)), so that streams
    that failed together do not dial together, and two runs dial alike.
    """
    doublings = min(failures - 1, 16)
    whole = min(FIRST_PAUSE_SECONDS * 2.0**doublings, LONGEST_PAUSE_SECONDS)
    return whole * (0.5 + 0.5 * (stream * _GOLDEN_RATIO % 1.0))

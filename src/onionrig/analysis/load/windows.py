"""Define windows of whole seconds, and the rates of their seconds in bits per second."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import msgspec

from onionrig.records.result import WINDOW_SECONDS
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Sequence


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Whole wall-clock seconds: from ``begin`` up to, not including, ``end``."""

    begin: int
    end: int

    @property
    def seconds(self) -> range:
        """Seconds of the window."""
        return range(self.begin, self.end)


NOTHING_HELD = Window(begin=0, end=0)
"""Hold of a run that never came to its load."""


class LowestMean(msgspec.Struct, frozen=True, kw_only=True):
    """The lowest mean of ten consecutive seconds, and the first place where it occurs."""

    begins_after_seconds: int
    """Seconds before the ten."""
    bits_per_second: float


def lowest_mean(second_bytes: Sequence[int]) -> LowestMean | None:
    """Return the lowest mean of ten seconds in a row; None where there are fewer."""
    if len(second_bytes) < WINDOW_SECONDS:
        return None
    window_bytes = sum(second_bytes[:WINDOW_SECONDS])
    lowest_bytes, lowest_begin = window_bytes, 0
    pairs = zip(second_bytes, second_bytes[WINDOW_SECONDS:], strict=False)
    for begin, (leaving, entering) in enumerate(pairs, start=1):
        window_bytes += entering - leaving
        if window_bytes < lowest_bytes:
            lowest_bytes, lowest_begin = window_bytes, begin
    return LowestMean(
        begins_after_seconds=lowest_begin,
        bits_per_second=lowest_bytes * BITS_PER_BYTE / WINDOW_SECONDS,
    )


def sustained_bits_per_second(second_bytes: Sequence[int]) -> float | None:
    """Return the lowest mean of ten seconds in a row; None where there are fewer."""
    lowest_window = lowest_mean(second_bytes)
    return None if lowest_window is None else lowest_window.bits_per_second


def mean_bits_per_second(second_bytes: Sequence[int]) -> float | None:
    """Return the mean rate of these seconds, or None if there are none."""
    return statistics.fmean(second_bytes) * BITS_PER_BYTE if second_bytes else None


def variation(second_bytes: Sequence[int]) -> float | None:
    """Return the standard deviation of the seconds over their mean, or None if nothing came."""
    mean = statistics.fmean(second_bytes) if second_bytes else 0.0
    return statistics.pstdev(second_bytes) / mean if mean > 0 else None

"""Bytes counted second by second, and the rates that follow from them.

All rates are in bits per second. A second without a sample from every sink is missing: what was
recorded of it counts, and nothing is made up for the rest.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import msgspec

from onionrig.records.result import WINDOW_SECONDS
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from onionrig.records.samples import SinkSample


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Whole wall-clock seconds: from ``begin`` up to, not including, ``end``."""

    begin: int
    end: int

    @property
    def seconds(self) -> range:
        """The seconds of the window."""
        return range(self.begin, self.end)


def bytes_by_second(sinks: Mapping[str, Sequence[SinkSample]], window: Window) -> list[int]:
    """Return the payload bytes of each second of the window, all sinks together.

    Those of a foreign peer count, although nobody can check them: they are a baseline's goodput,
    and no other run has any.
    """
    counted = dict.fromkeys(window.seconds, 0)
    for samples in sinks.values():
        for sample in samples:
            if sample.second in counted:
                counted[sample.second] += sum(sample.verified_bytes.values())
                counted[sample.second] += sample.unverified_bytes
    return list(counted.values())


def mean_bits_per_second(second_bytes: Sequence[int]) -> float | None:
    """Return the mean rate of these seconds; None where there are none."""
    return statistics.fmean(second_bytes) * BITS_PER_BYTE if second_bytes else None


def missing_seconds(sinks: Mapping[str, Sequence[SinkSample]], window: Window) -> int:
    """Return how many seconds of the window lack a sample of at least one sink."""
    return len(window.seconds) - len(sampled_seconds(sinks, window))


def sampled_seconds(sinks: Mapping[str, Sequence[SinkSample]], window: Window) -> list[int]:
    """Return the seconds of the window of which every sink has a sample."""
    # from the samples, not from the window: a damaged one may reach back to any second at all
    sampled = [
        {sample.second for sample in samples if sample.second in window.seconds}
        for samples in sinks.values()
    ]
    return sorted(set.intersection(*sampled)) if sampled else []


def bytes_by_backend(
    sinks: Mapping[str, Sequence[SinkSample]], window: Window, backends: Iterable[str]
) -> dict[str, int]:
    """Return the verified bytes of the window by backend instance, 0 for those that served none."""
    counted = dict.fromkeys(backends, 0)
    for samples in sinks.values():
        for sample in samples:
            if sample.second in window.seconds:
                for name, size in sample.verified_bytes.items():
                    counted[name] = counted.get(name, 0) + size
    return counted


def sustained_bits_per_second(
    second_bytes: Sequence[int], *, window_seconds: int = WINDOW_SECONDS
) -> float | None:
    """Return the lowest mean of any so many consecutive seconds; None where there are fewer."""
    if len(second_bytes) < window_seconds:
        return None
    total = sum(second_bytes[:window_seconds])
    lowest = total
    for leaving, entering in zip(second_bytes, second_bytes[window_seconds:], strict=False):
        total += entering - leaving
        lowest = min(lowest, total)
    return lowest * BITS_PER_BYTE / window_seconds


def variation(second_bytes: Sequence[int]) -> float | None:
    """Return the standard deviation of the seconds over their mean; None where nothing came."""
    mean = statistics.fmean(second_bytes) if second_bytes else 0.0
    return statistics.pstdev(second_bytes) / mean if mean > 0 else None

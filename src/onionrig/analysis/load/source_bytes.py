"""What sources sent: to each backend instance in some seconds, and in all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from onionrig.analysis.load.windows import Window
    from onionrig.records.recording import Recording


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What sources sent in the seconds in which anybody pulled."""

    sent_bytes: int
    seconds: int
    mean_bits_per_second: float
    highest_bits_per_second: float
    """Rate of the busiest second."""


def sent_in(recording: Recording, window: Window) -> dict[str, int]:
    """Return the bytes that sources handed to each backend instance in the window."""
    sent_bytes: Counter[str] = Counter()
    for samples in recording.sources.values():
        for sample in samples:
            if sample.second in window.seconds:
                sent_bytes.update(sample.sent_bytes)
    return dict(sent_bytes)


def served_in_all(recording: Recording) -> Served | None:
    """Return what the sources of a recording served, or None if nobody pulled anything."""
    bytes_by_second = [
        sum(sample.sent_bytes.values())
        for samples in recording.sources.values()
        for sample in samples
        if any(sample.streams.values()) or any(sample.sent_bytes.values())
    ]
    if not any(bytes_by_second):
        return None
    return Served(
        sent_bytes=sum(bytes_by_second),
        seconds=len(bytes_by_second),
        mean_bits_per_second=sum(bytes_by_second) * BITS_PER_BYTE / len(bytes_by_second),
        highest_bits_per_second=max(bytes_by_second) * BITS_PER_BYTE,
    )

"""Evaluate the backend instances' own circuit counters over the hold."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.load.faults import ended_in_hold
from onionrig.analysis.load.loads import AFTER_SECONDS
from onionrig.records.findings import TorCircuits
from onionrig.records.samples import TorCounters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onionrig.analysis.load.loads import MeasuredLoad


class Readings(msgspec.Struct, frozen=True, kw_only=True):
    """A tor's first and last counters of the hold."""

    first: TorCounters
    last: TorCounters

    @property
    def twice(self) -> bool:
        """True if the two readings differ in time."""
        return self.last.read_wall_seconds > self.first.read_wall_seconds


def hold_readings(load: MeasuredLoad) -> dict[str, Readings]:
    """Return the first and last reading of each backend instance that answered in the hold.

    A tor that is asked as the hold ends answers a little later, and that answer is its last one.
    Only a clock that lags a little can put an answer into the second before the hold.
    """
    backends = load.manifest.backends
    begin, end = load.hold.begin - 1, load.hold.end + AFTER_SECONDS
    readings: dict[str, Readings] = {}
    for samples in load.recording.tors.values():
        for sample in samples:
            for name, counters in sample.daemons.items():
                if counters is None or name not in backends:
                    continue
                if begin <= counters.read_wall_seconds < end:
                    first = readings[name].first if name in readings else counters
                    readings[name] = Readings(first=first, last=counters)
    return readings


def tor_circuits(load: MeasuredLoad) -> TorCircuits:
    """Return what happened to circuits between the first and the last reading in the hold.

    An instance that was ended in the hold is left out: its counts are those of two processes.
    """
    readings_by_name = hold_readings(load)
    readings = list(readings_by_name.values())
    ended_names = ended_in_hold(load)
    complete_readings = [
        reading for name, reading in readings_by_name.items() if name not in ended_names
    ]
    failed_counts: Counter[str] = Counter()
    for reading in complete_readings:
        failed_before = reading.first.rendezvous_failed
        for reason, count in reading.last.rendezvous_failed.items():
            failed_counts[reason] += count - failed_before.get(reason, 0)
    return TorCircuits(
        rendezvous_begun=_total(
            None
            if reading.last.rendezvous_circuits is None
            or reading.first.rendezvous_circuits is None
            or not reading.twice
            else reading.last.rendezvous_circuits - reading.first.rendezvous_circuits
            for reading in complete_readings
        ),
        rendezvous_failed={reason: count for reason, count in failed_counts.items() if count > 0},
        rendezvous_open=_total(reading.last.rendezvous_open for reading in readings),
        introduction_circuits=_total(reading.last.introduction_circuits for reading in readings),
    )


def _total(counts: Iterable[int | None]) -> int | None:
    """Return the sum of the known counts, or None if none is known."""
    known_counts = [count for count in counts if count is not None]
    return sum(known_counts) if known_counts else None

"""What is known of a run while it goes: fed with events and samples, asked by the live views."""

from __future__ import annotations

import statistics
from collections import defaultdict
from typing import TYPE_CHECKING

from onionrig.records.events import (
    AnyEvent,
    Covered,
    Failed,
    Finished,
    Milestone,
    Noted,
    Phase,
    PhaseBegan,
    Scheduled,
    Starved,
    Waiting,
)
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onionrig.records.samples import HostSample, SinkSample


class Progress:
    """The state of one run as far as it has been told."""

    def __init__(self, *, target_bits_per_second: float | None, streams: int) -> None:
        self.target_bits_per_second = target_bits_per_second
        self.streams_asked = streams
        self.phase = Phase.BRING_UP
        self.waiting = ""
        self.notes: list[str] = []
        self.schedule: Scheduled | None = None
        self.second: int | None = None
        self.connecting = 0
        self.failed = 0
        self.streams: dict[str, int] = {}
        self.bits_per_second: dict[str, float] = {}
        self.rig_cores: float | None = None
        self._held: dict[int, int] = defaultdict(int)
        self._last_host: HostSample | None = None

    def tell(self, event: AnyEvent) -> None:
        """Take in an event."""
        match event:
            case PhaseBegan(phase=phase):
                self.phase, self.waiting = phase, ""
            case Waiting(subject=subject):
                self.waiting = subject
            case Scheduled():
                self.schedule = event
            case Starved(backend=backend, reason=reason):
                self.notes.append(f"{backend} is starved: {reason}")
            case Noted(text=text):
                self.notes.append(text)
            case Milestone(reached=reached, since_start_seconds=seconds):
                self.notes.append(f"{reached} after {seconds:.1f} s")
            case Covered():
                pass
            case Failed() | Finished():
                self.waiting = ""

    def sampled(self, samples: Iterable[SinkSample]) -> None:
        """Take in what a sink has recorded."""
        for sample in samples:
            self.second = sample.second
            self.connecting, self.failed = sample.connecting, sample.failed
            self.streams = sample.streams
            self.bits_per_second = {
                name: size * BITS_PER_BYTE for name, size in sample.verified_bytes.items()
            }
            if self.schedule and self._holds(self.schedule, sample.second):
                self._held[sample.second] += sum(sample.verified_bytes.values())

    def used(self, samples: Iterable[HostSample]) -> None:
        """Take in what the sampler has recorded."""
        for sample in samples:
            last, self._last_host = self._last_host, sample
            if last is None:
                continue
            seconds = sample.monotonic_seconds - last.monotonic_seconds
            self.rig_cores = _cpu_seconds_between(last, sample) / seconds if seconds else None

    @property
    def goodput_bits_per_second(self) -> float:
        """Goodput of the last second."""
        return sum(self.bits_per_second.values())

    @property
    def hold_bits_per_second(self) -> float | None:
        """Mean goodput over the hold so far; None before it."""
        return statistics.fmean(self._held.values()) * BITS_PER_BYTE if self._held else None

    @property
    def held_seconds(self) -> int:
        """Seconds held so far."""
        return len(self._held)

    @property
    def streams_up(self) -> int:
        """Streams that deliver."""
        return sum(self.streams.values())

    @staticmethod
    def _holds(schedule: Scheduled, second: int) -> bool:
        return schedule.hold_second <= second < schedule.end_second


def _cpu_seconds_between(before: HostSample, after: HostSample) -> float:
    return sum(
        (use.cpu_user_seconds + use.cpu_system_seconds)
        - (begun.cpu_user_seconds + begun.cpu_system_seconds)
        for name, use in after.processes.items()
        if (begun := before.processes.get(name)) is not None
    )

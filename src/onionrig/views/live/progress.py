"""Track what is known of a run under way: fed with events and samples, asked by live views."""

from __future__ import annotations

import statistics
from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar, assert_never

from onionrig.analysis.hosts.host_rates import host_rates
from onionrig.records.events import (
    Answered,
    AnyEvent,
    Covered,
    Failed,
    Finished,
    Happened,
    Held,
    HostGone,
    Listed,
    Milestone,
    Noted,
    Phase,
    PhaseBegan,
    Published,
    Scheduled,
    Starved,
    Waiting,
)
from onionrig.units import BITS_PER_BYTE
from onionrig.views.live.hosts import LiveHosts
from onionrig.views.summary.aftermath import done_text, listed_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from onionrig.analysis.hosts.host_rates import HostRates
    from onionrig.records.samples import HostSample, SinkSample, SourceSample

Number = TypeVar("Number", int, float)


class Progress:
    """The state of one run as far as it is known."""

    def __init__(  # noqa: PLR0913 - what is known of a run before it begins
        self,
        *,
        target_bits_per_second: float | None,
        streams: int,
        loads: int = 1,
        shows_host: bool = False,
        serves_only: bool = False,
        title: str = "",
        whole_ends_seconds: float | None = None,
        after_loads_seconds: tuple[float, ...] = (),
    ) -> None:
        self.target_bits_per_second = target_bits_per_second
        self.streams_asked = streams
        self.loads = loads
        """Number of loads that are put on in turn."""
        self.load_number = 0
        """Number of the current load, from 1."""
        self.loads_scheduled = 0
        self.host: HostRates | None = None
        self.shows_host = shows_host
        """True if interfaces are shown beside the load: for a baseline they are the point."""
        self.serves_only = serves_only
        """True if the sinks run elsewhere, so that only what the source sends can be shown."""
        self.title = title
        """Title of the whole that this run is a part of."""
        self.whole_ends_seconds = whole_ends_seconds
        """Expected end of the whole that it is a part of, on the monotonic clock: a guess that
        holds until the first load is scheduled."""
        self.after_loads_seconds = after_loads_seconds
        """Seconds that the whole still takes after the end of each load."""
        self.phase = Phase.BRING_UP
        self.waiting = ""
        self.notes: list[str] = []
        self.schedule: Scheduled | None = None
        self.second: int | None = None
        self.connecting = 0
        self.failed = 0
        self.streams: dict[str, int] = {}
        self.bits_per_second: dict[str, float] = {}
        self._hold_bytes: dict[int, int] = defaultdict(int)
        self._listed: tuple[str, ...] | None = None
        self._last_of: dict[str, HostSample] = {}
        self.hosts = LiveHosts()

    def tell(self, event: AnyEvent) -> None:
        """Apply an event."""
        match event:
            case PhaseBegan(phase=phase):
                self.phase, self.waiting = phase, ""
                self.load_number += phase is Phase.RAMP
            case Waiting(subject=subject):
                self.waiting = subject
            case Scheduled():
                self.schedule = event
                self.streams_asked = event.streams
                self.loads_scheduled += 1
                self._hold_bytes.clear()
            case HostGone(host=host):
                self.hosts.lose(host)
                self.notes.append(_note(event))
            case Starved() | Noted() | Milestone() | Happened() | Answered():
                self.notes.append(_note(event))
            case Listed(instances=instances):
                before = instances if self._listed is None else self._listed
                self.notes += listed_texts(before, instances)
                self._listed = instances
            case Covered() | Held() | Published():
                pass
            case Failed() | Finished():
                self.waiting = ""

    def sampled(self, samples: Iterable[SinkSample]) -> None:
        """Record samples of the sinks, in the order of their seconds."""
        for sample in samples:
            if sample.second != self.second:
                self.second = sample.second
                self.connecting = self.failed = 0
                self.streams, self.bits_per_second = {}, {}
            self.connecting += sample.connecting
            self.failed += sample.failed
            self.streams = _sums_by_name(self.streams, sample.streams)
            sizes = dict(sample.verified_bytes)
            if sample.unverified_bytes:
                sizes["unverified"] = sample.unverified_bytes
            rates = {name: float(size * BITS_PER_BYTE) for name, size in sizes.items()}
            self.bits_per_second = _sums_by_name(self.bits_per_second, rates)
            if self.schedule and self._holds(self.schedule, sample.second):
                self._hold_bytes[sample.second] += sum(sizes.values())

    def served(self, samples: Iterable[SourceSample]) -> None:
        """Record samples of a source, if the sinks are elsewhere."""
        for sample in samples:
            self.second = sample.second
            self.streams = sample.streams
            self.bits_per_second = {
                name: size * BITS_PER_BYTE for name, size in sample.sent_bytes.items()
            }

    def used(self, samples: Iterable[tuple[str, HostSample]]) -> None:
        """Record samples of the samplers, each by its name."""
        for name, sample in samples:
            last = self._last_of.get(name)
            self._last_of[name] = sample
            if last is None:
                continue
            self.hosts.sampled(name, last, sample)
            # emulated hosts share a machine: the first of them represents it
            if name == next(iter(self._last_of)):
                self.host = host_rates(last, sample)

    @property
    def rig_cores(self) -> float | None:
        """Cores that the rig uses, on all hosts; None before that is known."""
        return self.hosts.rig_cores

    @property
    def goodput_bits_per_second(self) -> float:
        """Goodput of the last second."""
        return sum(self.bits_per_second.values())

    @property
    def hold_bits_per_second(self) -> float | None:
        """Mean goodput over the hold so far; None before it."""
        return (
            statistics.fmean(self._hold_bytes.values()) * BITS_PER_BYTE
            if self._hold_bytes
            else None
        )

    @property
    def held_seconds(self) -> int:
        """Seconds held so far."""
        return len(self._hold_bytes)

    @property
    def streams_up(self) -> int:
        """Streams that are delivering."""
        return sum(self.streams.values())

    @staticmethod
    def _holds(schedule: Scheduled, second: int) -> bool:
        return schedule.hold_second <= second < schedule.end_second


def _note(event: Starved | Noted | Milestone | Happened | Answered | HostGone) -> str:
    match event:
        case Starved(backend=backend, reason=reason):
            return f"{backend} is starved: {reason}"
        case Noted(text=text):
            return text
        case Milestone(reached=reached, since_start_seconds=seconds):
            return f"{reached} after {seconds:.1f} s"
        case HostGone(host=host, reason=reason):
            return f"{host} is lost, the run goes on without it: {reason}"
        case Happened(verb=verb, subject=subject, bits_per_second=rate):
            return done_text(verb, subject, rate)
        case Answered(service=service):
            return f"{service} answers again"
        case _:
            assert_never(event)


def _sums_by_name(to: Mapping[str, Number], more: Mapping[str, Number]) -> dict[str, Number]:
    both = dict(to)
    for name, value in more.items():
        both[name] = both[name] + value if name in both else value
    return both

"""Evaluate what the experiment did to the rig, and when that kept a service from answering."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.load.loads import events_of
from onionrig.analysis.wording import listing
from onionrig.experiment.faults.base import State
from onionrig.experiment.faults.registry import fault_recorded
from onionrig.records.events import Happened, HostGone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.analysis.load.windows import Window
    from onionrig.records.events import AnyEvent
    from onionrig.records.manifest import Manifest
    from onionrig.records.recording import Recording


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """A period in which a service did not answer: by a fault, or since its host was lost."""

    begin: float
    """Beginning, in wall-clock seconds."""
    end: float
    """Time when the service was started again or resumed; infinite if it was not."""
    causes: tuple[Happened | HostGone, ...]
    """Faults of the service or its host that kept it from answering, in order, or the loss of its
    host."""

    def meets(self, begin: float, end: float) -> bool:
        """Return True if any of it lies between these moments."""
        return self.begin < end and begin < self.end

    def seconds_in(self, span: Window) -> float:
        """Return how much of it lies in these seconds."""
        return max(0.0, min(self.end, span.end) - max(self.begin, span.begin))


def faults_in(recording: Recording, span: Window) -> list[Happened]:
    """Return the faults of these seconds."""
    return [
        event
        for event in events_of(recording.events, Happened)
        if span.begin <= event.wall_seconds < span.end
    ]


def ended_in_hold(load: MeasuredLoad) -> frozenset[str]:
    """Name the services that were ended in the hold: their counters are those of two processes."""
    hosts = service_hosts(load.manifest)
    return frozenset(
        name
        for event in faults_in(load.recording, load.hold)
        if fault_recorded(event.verb).ends_process
        for name in affected_services(event, hosts)
    )


def service_hosts(manifest: Manifest) -> dict[str, str]:
    """Return the host of each service; backend instances always have one."""
    return {**manifest.backends, **{record.name: record.host for record in manifest.services}}


def affected_services(event: Happened, hosts: Mapping[str, str]) -> set[str]:
    """Return the services affected by a fault: all services of a host, or the one named."""
    if is_of_host(event):
        return {name for name, host in hosts.items() if host == event.subject}
    return {event.subject}


def is_of_host(event: Happened) -> bool:
    """Return True if the subject of a fault is a host."""
    return event.of_host or fault_recorded(event.verb).is_of_link


def absences(events: Sequence[AnyEvent], hosts: Mapping[str, str]) -> dict[str, list[Absence]]:
    """Return the absences of each service; services that were never absent are left out.

    ``hosts`` maps each service to its host: a fault of a host affects the services on it.
    """
    states: dict[str, _ServiceState] = {}
    for event in events_of(events, Happened):
        for subject in affected_services(event, hosts):
            states.setdefault(subject, _ServiceState()).turn(event)
    absences_by_service = {
        name: service_absences
        for name, state in states.items()
        if (service_absences := state.absences())
    }
    for loss in events_of(events, HostGone):
        for name in (name for name, host in hosts.items() if host == loss.host):
            absences_by_service[name] = [
                *_absences_until_loss(absences_by_service.get(name, ()), loss),
                _absence_after_loss(loss),
            ]
    return absences_by_service


def _absence_after_loss(loss: HostGone) -> Absence:
    return Absence(begin=loss.last_heard_wall_seconds, end=math.inf, causes=(loss,))


def _absences_until_loss(absences: Iterable[Absence], loss: HostGone) -> list[Absence]:
    """Return absences, cut off at the loss of a host, which counts from then on."""
    lost_seconds = loss.last_heard_wall_seconds
    return [
        msgspec.structs.replace(absence, end=min(absence.end, lost_seconds))
        for absence in absences
        if absence.begin < lost_seconds
    ]


def deeds_in_force(load: MeasuredLoad, begin: float, end: float) -> list[Happened]:
    """Return the faults in force, anywhere in the rig, at some time between two moments.

    Times are wall-clock seconds. Faults that only began later are left out.
    """
    all_absences = absences(load.recording.events, service_hosts(load.manifest)).values()
    deeds = {
        cause.wall_seconds: cause
        for service_absences in all_absences
        for absence in service_absences
        if absence.meets(begin, end)
        for cause in absence.causes
        if isinstance(cause, Happened) and cause.wall_seconds < end
    }
    return [deeds[second] for second in sorted(deeds)]


def deeds_text(load: MeasuredLoad, deeds: Sequence[Happened]) -> str:
    """Describe what the experiment itself did, and when."""
    texts: list[str] = []
    for deed in deeds:
        second = deed.wall_seconds - load.hold.begin
        time_text = f"at {second:.0f} s" if second >= 0 else "before this hold"
        texts.append(f"{fault_recorded(deed.verb).cause} {deed.subject} {time_text}")
    return f"the experiment itself {listing(texts)}"


class _ServiceState:
    """The state of one service, and its absences so far."""

    def __init__(self) -> None:
        self._process, self._link = State.RUNS, State.RUNS
        self._causes: list[Happened] = []
        """Causes of the current absence; empty while the service answers."""
        self._past_absences: list[Absence] = []

    def turn(self, event: Happened) -> None:
        """Apply a fault to the state of the service."""
        fault = fault_recorded(event.verb)
        if fault.is_of_link:
            self._link = fault.turned(self._link)
        else:
            self._process = fault.turned(self._process)
        if fault.takes_away:
            self._causes.append(event)
        elif self._causes and (self._process, self._link) == (State.RUNS, State.RUNS):
            self._past_absences.append(self._absence(event.wall_seconds))
            self._causes = []

    def absences(self) -> list[Absence]:
        """Return the absences, including the current one."""
        return (
            [*self._past_absences, self._absence(math.inf)] if self._causes else self._past_absences
        )

    def _absence(self, end: float) -> Absence:
        return Absence(begin=self._causes[0].wall_seconds, end=end, causes=tuple(self._causes))

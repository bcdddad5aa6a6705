"""What was done to the rig in a hold, and when it kept a service from answering."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.holds import events_of
from onionrig.experiment.happenings import ENDING, LEAVING, OF_A_HOST
from onionrig.records.events import Happened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onionrig.analysis.windows import Window
    from onionrig.records.events import AnyEvent
    from onionrig.records.recording import Recording


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """From when to when a service answered nobody, since that was asked for."""

    begin: float
    """Wall-clock seconds."""
    end: float
    """When it was started again or told to go on; infinite where it was not."""

    def meets(self, begin: float, end: float) -> bool:
        """Return whether any of it lies between these moments."""
        return self.begin < end and begin < self.end


def happened_in(recording: Recording, span: Window) -> list[Happened]:
    """Return what was done in these seconds."""
    return [
        event
        for event in events_of(recording.events, Happened)
        if span.begin <= event.wall_seconds < span.end
    ]


def ended_in(recording: Recording, hold: Window) -> frozenset[str]:
    """Name the services that were ended in the hold: their counters are of two processes."""
    return frozenset(
        event.subject for event in happened_in(recording, hold) if event.verb in ENDING
    )


def absences(events: Sequence[AnyEvent], hosts: Mapping[str, str]) -> dict[str, list[Absence]]:
    """Return when each service was kept from answering, of those that ever were.

    ``hosts`` is each backend instance's: what is done to a host is done to those on it.
    """
    began: dict[str, float] = {}
    found: dict[str, list[Absence]] = {}
    for event in events_of(events, Happened):
        for subject in subjects(event, hosts):
            if event.verb in LEAVING:
                began.setdefault(subject, event.wall_seconds)
            elif subject in began:
                ended = Absence(begin=began.pop(subject), end=event.wall_seconds)
                found.setdefault(subject, []).append(ended)
    for subject, at in began.items():
        found.setdefault(subject, []).append(Absence(begin=at, end=math.inf))
    return found


def subjects(event: Happened, hosts: Mapping[str, str]) -> set[str]:
    """Return the instances that something was done to: those on a host; or else the service."""
    if event.verb in OF_A_HOST:
        return {name for name, host in hosts.items() if host == event.subject}
    return {event.subject}

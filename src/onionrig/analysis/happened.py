"""What was done to the rig in a hold, and when it kept a service from answering."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.holds import events_of
from onionrig.experiment.happenings import ENDING, LEAVING
from onionrig.records.events import Happened

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def happened_in(recording: Recording, hold: Window) -> list[Happened]:
    """Return what was done in the hold."""
    return [
        event
        for event in events_of(recording.events, Happened)
        if hold.begin <= event.wall_seconds < hold.end
    ]


def ended_in(recording: Recording, hold: Window) -> frozenset[str]:
    """Name the services that were ended in the hold: their counters are of two processes."""
    return frozenset(
        event.subject for event in happened_in(recording, hold) if event.verb in ENDING
    )


def absences(events: Sequence[AnyEvent]) -> dict[str, list[Absence]]:
    """Return when each service was kept from answering, of those that ever were."""
    began: dict[str, float] = {}
    found: dict[str, list[Absence]] = {}
    for event in events_of(events, Happened):
        if event.verb in LEAVING:
            began.setdefault(event.subject, event.wall_seconds)
        elif event.subject in began:
            ended = Absence(begin=began.pop(event.subject), end=event.wall_seconds)
            found.setdefault(event.subject, []).append(ended)
    for subject, at in began.items():
        found.setdefault(subject, []).append(Absence(begin=at, end=math.inf))
    return found

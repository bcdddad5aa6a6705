"""What the link of each emulated host could carry in the hold, whatever faults changed of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.load.loads import events_of
from onionrig.experiment.faults.base import Scope
from onionrig.experiment.faults.registry import fault_recorded
from onionrig.experiment.faults.steps import SetLink, SetLinkRate
from onionrig.records.events import Happened

if TYPE_CHECKING:
    from onionrig.analysis.load.loads import Load
    from onionrig.analysis.load.windows import Window
    from onionrig.records.manifest import HostRecord


def link_rates(load: Load) -> dict[str, float]:
    """Return the mean rate that each shaped link had in the hold, each way; others are left out.

    A link that is pulled carries nothing until it is put in again.
    """
    events = [
        event
        for event in events_of(load.recording.events, Happened)
        if fault_recorded(event.verb).is_of_link
    ]
    rates: dict[str, float] = {}
    for host in load.manifest.emulated:
        own = [event for event in events if event.subject == host.name]
        rate = _mean_rate(host, sorted(own, key=lambda event: event.wall_seconds), load.hold)
        if rate is not None:
            rates[host.name] = rate
    return rates


def _mean_rate(host: HostRecord, events: list[Happened], hold: Window) -> float | None:
    """Return a link's mean rate; None where it was not shaped for any part of the hold."""
    link = _Link(rate=host.link_bits_per_second)
    if not hold.seconds:
        return link.rate
    carried, since = 0.0, float(hold.begin)
    ends = [min(max(event.wall_seconds, hold.begin), hold.end) for event in events]
    for event, end in zip([*events, None], [*ends, float(hold.end)], strict=True):
        if link.up and end > since:
            if link.rate is None:
                return None
            carried += link.rate * (end - since)
        since = end
        link = link if event is None else _changed(link, event)
    return carried / len(hold.seconds)


class _Link(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a link between two faults."""

    rate: float | None
    """Bits per second each way; null where it is not shaped."""
    up: bool = True


def _changed(link: _Link, event: Happened) -> _Link:
    for step in fault_recorded(event.verb).steps[Scope.LINK]:
        match step:
            case SetLink(up=up):
                link = msgspec.structs.replace(link, up=up)
            case SetLinkRate():
                link = msgspec.structs.replace(link, rate=event.bits_per_second)
            case _:  # what is done to services does not change what their link can carry
                pass
    return link

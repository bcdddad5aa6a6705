"""Compute the rate of each host's link in the hold, including what faults changed.

An emulated link has the rate that it is shaped to. The rate of a real one is reported by its host's
kernel and may be set for the host. The lower of the two counts, since a virtual interface may
report any rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.hosts.cpu import elapsed_seconds, samples_around
from onionrig.analysis.hosts.facts import host_of
from onionrig.analysis.hosts.interfaces import carried_bytes, kernel_rate
from onionrig.analysis.load.loads import events_of
from onionrig.experiment.faults.base import Scope
from onionrig.experiment.faults.registry import fault_recorded
from onionrig.experiment.faults.steps import SetLink, SetLinkRate
from onionrig.records.events import Happened
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.analysis.load.windows import Window
    from onionrig.records.manifest import HostRecord
    from onionrig.records.samples import HostSample


NOMINAL = 1.1
"""Factor of its rate that an interface can seem to carry. If it carried more, the rate is not a
limit, as that of a virtual interface."""


def link_rates(load: MeasuredLoad) -> dict[str, float]:
    """Return the mean rate of each link in the hold, each way; unknown ones are left out.

    A link that is pulled carries nothing until it is plugged in again.
    """
    events = [
        event
        for event in events_of(load.recording.events, Happened)
        if fault_recorded(event.verb).is_of_link
    ]
    rates: dict[str, float] = {}
    samples_by_host = held_samples(load)
    for host in load.manifest.apart:
        host_events = [event for event in events if event.subject == host.name]
        rate_before_events = _rate(host, samples_by_host.get(host.name, []))
        rate = _mean_rate(
            rate_before_events, sorted(host_events, key=lambda event: event.wall_seconds), load.hold
        )
        if rate is not None:
            rates[host.name] = rate
    return rates


def held_samples(load: MeasuredLoad) -> dict[str, list[HostSample]]:
    """Return the samples around the hold by host."""
    return {
        host_of(load.manifest, name): samples_around(samples, load.hold)
        for name, samples in load.recording.samplers.items()
    }


def _rate(host: HostRecord, samples: Sequence[HostSample]) -> float | None:
    """Return the rate of a link while no fault changes it, or None if it is unknown."""
    if host.kind == "emulated" or not samples:
        return host.link_bits_per_second
    limits = (kernel_rate(samples), host.link_bits_per_second)
    lowest_limit = min((limit for limit in limits if limit), default=None)
    most_bytes = max(carried_bytes(samples, "sent"), carried_bytes(samples, "received"))
    rate = most_bytes * BITS_PER_BYTE / elapsed_seconds(samples)
    return None if lowest_limit is not None and rate > NOMINAL * lowest_limit else lowest_limit


def _mean_rate(rate: float | None, events: list[Happened], hold: Window) -> float | None:
    """Return a link's mean rate, or None if it was unshaped for part of the hold."""
    link = _LinkState(rate=rate)
    if not hold.seconds:
        return link.rate
    carried_bits, since_second = 0.0, float(hold.begin)
    ends = [min(max(event.wall_seconds, hold.begin), hold.end) for event in events]
    for event, end in zip([*events, None], [*ends, float(hold.end)], strict=True):
        if link.up and end > since_second:
            if link.rate is None:
                return None
            carried_bits += link.rate * (end - since_second)
        since_second = end
        link = link if event is None else _link_after(link, event)
    return carried_bits / len(hold.seconds)


class _LinkState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a link between two faults."""

    rate: float | None
    """Bits per second each way; null if the link is not shaped."""
    up: bool = True


def _link_after(link: _LinkState, event: Happened) -> _LinkState:
    for step in fault_recorded(event.verb).steps[Scope.LINK]:
        match step:
            case SetLink(up=up):
                link = msgspec.structs.replace(link, up=up)
            case SetLinkRate():
                link = msgspec.structs.replace(link, rate=event.bits_per_second)
            case _:  # what is done to services does not change what their link can carry
                pass
    return link

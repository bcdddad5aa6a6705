"""What the link of each emulated host could carry in the hold, whatever faults changed of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.load.loads import events_of
from onionrig.experiment.happenings import OF_A_LINK
from onionrig.records.events import Happened

if TYPE_CHECKING:
    from onionrig.analysis.load.loads import Load
    from onionrig.analysis.load.windows import Window
    from onionrig.records.manifest import HostRecord


def link_rates(load: Load) -> dict[str, float]:
    """Return the mean rate that each shaped link had in the hold, each way; others are left out.

    A link that is pulled carries nothing until it is put in again.
    """
    faults = [
        fault for fault in events_of(load.recording.events, Happened) if fault.verb in OF_A_LINK
    ]
    rates: dict[str, float] = {}
    for host in load.manifest.emulated:
        own = [fault for fault in faults if fault.subject == host.name]
        rate = _mean_rate(host, sorted(own, key=lambda fault: fault.wall_seconds), load.hold)
        if rate is not None:
            rates[host.name] = rate
    return rates


def _mean_rate(host: HostRecord, faults: list[Happened], hold: Window) -> float | None:
    """Return a link's mean rate; None where it was not shaped for any part of the hold."""
    rate, up = host.link_bits_per_second, True
    if not hold.seconds:
        return rate
    carried, since = 0.0, float(hold.begin)
    ends = [min(max(fault.wall_seconds, hold.begin), hold.end) for fault in faults]
    for fault, end in zip([*faults, None], [*ends, float(hold.end)], strict=True):
        if up and end > since:
            if rate is None:
                return None
            carried += rate * (end - since)
        since = end
        if fault is not None and fault.verb == "link_rate":
            rate = fault.bits_per_second
        elif fault is not None:
            up = fault.verb == "link_up"
    return carried / len(hold.seconds)

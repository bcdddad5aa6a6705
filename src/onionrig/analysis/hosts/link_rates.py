"""What the link of each emulated host could carry in the hold, although events may change that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.load.loads import events_of
from onionrig.experiment.happenings import OF_A_LINK
from onionrig.records.events import Happened

if TYPE_CHECKING:
    from onionrig.analysis.load.loads import Load
    from onionrig.analysis.load.windows import Window
    from onionrig.records.manifest import EmulatedHost


def link_rates(load: Load) -> dict[str, float]:
    """Return the mean rate that each shaped link had in the hold, each way; others are left out.

    A link that is pulled carries nothing until it is put in again.
    """
    happened = events_of(load.recording.events, Happened)
    done = [event for event in happened if event.verb in OF_A_LINK]
    rates: dict[str, float] = {}
    for host in load.manifest.emulated:
        own = [event for event in done if event.subject == host.name]
        rate = _mean_rate(host, sorted(own, key=lambda event: event.wall_seconds), load.hold)
        if rate is not None:
            rates[host.name] = rate
    return rates


def _mean_rate(host: EmulatedHost, done: list[Happened], hold: Window) -> float | None:
    """Return None where the link was not shaped for any part of the hold."""
    rate, up = host.link_bits_per_second, True
    if not hold.seconds:
        return rate
    carried, since = 0.0, float(hold.begin)
    ends = [min(max(event.wall_seconds, hold.begin), hold.end) for event in done]
    for event, end in zip([*done, None], [*ends, float(hold.end)], strict=True):
        if up and end > since:
            if rate is None:
                return None
            carried += rate * (end - since)
        since = end
        if event is not None and event.verb == "link_rate":
            rate = event.bits_per_second
        elif event is not None:
            up = event.verb == "link_up"
    return carried / len(hold.seconds)

"""List hosts that were lost under load without a fault, while the run went on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.load.faults import service_hosts
from onionrig.analysis.load.loads import events_of
from onionrig.records.events import HostGone
from onionrig.records.result import LostHost

if TYPE_CHECKING:
    from onionrig.analysis.load.loads import MeasuredLoad


def lost_hosts(load: MeasuredLoad) -> tuple[LostHost, ...]:
    """Return the hosts that were lost before a load's end, in order."""
    return tuple(
        LostHost(
            name=event.host,
            second=round(event.last_heard_wall_seconds - load.hold.begin, 1),
            reason=event.reason,
        )
        for event in events_of(load.recording.events, HostGone)
    )


def lost_services(load: MeasuredLoad) -> frozenset[str]:
    """Name the services on lost hosts: what they had not handed over is missing."""
    lost_names = {lost_host.name for lost_host in lost_hosts(load)}
    return frozenset(
        name for name, host in service_hosts(load.manifest).items() if host in lost_names
    )


def lost_sinks(load: MeasuredLoad) -> list[str]:
    """Name the sinks on lost hosts."""
    return sorted(lost_services(load) & load.recording.sinks.keys())


def loss_text(lost_host: LostHost) -> str:
    """Report when a host was lost, and why."""
    return f"{lost_host.name} was lost {loss_moment(lost_host)}: {lost_host.reason}"


def loss_moment(lost_host: LostHost) -> str:
    """Report when a host was lost."""
    return f"{lost_host.second:.0f} s into the hold" if lost_host.second >= 0 else "before the hold"

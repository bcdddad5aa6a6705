"""Check frames, segments and connections that a host lost.

TCP sends again what a full link drops, and so finds the link's rate: retransmitted segments are
normal, and not judged. Losses in a host's own interfaces, queues and buffers are: they make a rate
that of a cable, a driver or a setting. Loopback and the links within a rig lose next to nothing
that way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.hosts.counters import (
    condition_rise,
    network_rise,
    rise,
    samples_by_host,
    samples_by_machine,
)
from onionrig.analysis.hosts.facts import machine_of
from onionrig.analysis.hosts.interfaces import carried_by
from onionrig.analysis.load.faults import is_of_host
from onionrig.analysis.load.loads import events_of
from onionrig.records.events import Happened
from onionrig.units import percent_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from onionrig.analysis.hosts.counters import Rise
    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.samples import HostSample, InterfaceUse

MOST_LOST = 1e-3
"""Share of frames or segments that may be lost before the figures are in doubt (a judgement)."""
LEAST_PER_SECOND = 2.0
"""Losses per second that are too few to matter, whatever their share: an interface also counts
frames as dropped that no program here asked for, such as a switch's announcements."""
MATTERING_SHARE = 0.1
"""Share of the bytes of all interfaces from which the losses of one of them matter."""
MOST_REFUSED_PER_SECOND = 0.1
"""Connections per second that full queues may refuse; each is tried again after a second."""


def loss_doubts(load: MeasuredLoad) -> list[str]:
    """Return a doubt for everything that a host lost more than a little of."""
    hosts = samples_by_host(load)
    frame_doubts = {
        host: list(_frame_doubts(load, host, host_samples)) for host, host_samples in hosts.items()
    }
    doubtful_machines = {
        machine_of(load.manifest, host) for host, doubts in frame_doubts.items() if doubts
    }
    return [
        *(doubt for doubts in frame_doubts.values() for doubt in doubts),
        # a frame dropped by such a queue is counted at its interface as well
        *(
            doubt
            for machine, host_samples in samples_by_machine(load).items()
            if machine not in doubtful_machines
            for doubt in _queue_doubts(machine, host_samples)
        ),
        *(
            doubt
            for host, host_samples in hosts.items()
            for doubt in _segment_doubts(host, host_samples)
        ),
        *(
            doubt
            for host, host_samples in hosts.items()
            for doubt in _connection_doubts(host, host_samples)
        ),
    ]


def _frame_doubts(
    load: MeasuredLoad, host: str, host_samples: Sequence[HostSample]
) -> Iterator[str]:
    """Yield the losses of interfaces, except for hosts whose links the experiment took away."""
    if host in _hosts_with_faults(load):
        return
    for name in _interfaces_that_matter(host_samples):
        for direction, count_lost, count_carried in (
            ("received", _received_lost, _received),
            ("sent", _sent_lost, _sent),
        ):
            losses, frames = (
                rise(host_samples, _of_interface(name, count))
                for count in (count_lost, count_carried)
            )
            if losses and frames and _too_many(losses, losses.amount + frames.amount):
                yield (
                    f"{name} of {host} lost {losses.amount:.0f} frames that were to be {direction} "
                    f"in the hold{_share_text(losses, losses.amount + frames.amount)}: they were "
                    "dropped or damaged"
                )


def _interfaces_that_matter(host_samples: Sequence[HostSample]) -> list[str]:
    """Name the interfaces that carried a good part of all bytes of the host."""
    names = dict.fromkeys(name for sample in host_samples for name in sample.interfaces)
    bytes_by_interface = {name: sum(carried_by(host_samples, name)) for name in names}
    least_bytes = MATTERING_SHARE * sum(bytes_by_interface.values())
    return [name for name, size in bytes_by_interface.items() if size >= least_bytes]


def _queue_doubts(machine: str, machine_samples: Sequence[HostSample]) -> Iterator[str]:
    lost_frames = condition_rise(machine_samples, lambda counts: counts.unqueued_frames)
    taken_frames = condition_rise(machine_samples, lambda counts: counts.queued_frames)
    if (
        lost_frames
        and taken_frames
        and _too_many(lost_frames, lost_frames.amount + taken_frames.amount)
    ):
        yield (
            f"the CPUs of {machine} had no room in their queues for {lost_frames.amount:.0f} "
            "received "
            "frames in the "
            f"hold{_share_text(lost_frames, lost_frames.amount + taken_frames.amount)}"
        )


def _segment_doubts(host: str, host_samples: Sequence[HostSample]) -> Iterator[str]:
    received_segments = network_rise(host_samples, lambda counts: counts.received_segments)
    damaged_segments = network_rise(host_samples, lambda counts: counts.damaged_segments)
    unbuffered_segments = network_rise(host_samples, lambda counts: counts.unbuffered_segments)
    for lost_segments, reason_text in (
        (damaged_segments, "arrived damaged"),
        (unbuffered_segments, "were dropped for lack of buffer memory"),
    ):
        if (
            lost_segments
            and received_segments
            and _too_many(lost_segments, received_segments.amount)
        ):
            yield (
                f"{lost_segments.amount:.0f} TCP segments that {host} received in the hold "
                f"{reason_text}"
                f"{_share_text(lost_segments, received_segments.amount)}"
            )


def _connection_doubts(host: str, host_samples: Sequence[HostSample]) -> Iterator[str]:
    refused_connections = network_rise(host_samples, lambda counts: counts.refused_connections)
    if refused_connections and refused_connections.per_second > MOST_REFUSED_PER_SECOND:
        yield (
            f"{host} turned away {refused_connections.amount:.0f} connections in the hold: the "
            "queues of the "
            "sockets that they were made to were full"
        )
    aborted_connections = network_rise(host_samples, lambda counts: counts.aborted_connections)
    if aborted_connections and aborted_connections.amount:
        yield (
            f"{host} ended {aborted_connections.amount:.0f} connections in the hold for lack of "
            "TCP memory"
        )


def _hosts_with_faults(load: MeasuredLoad) -> set[str]:
    """Name the hosts that had faults, or whose links had, up to the end of the hold."""
    return {
        event.subject
        for event in events_of(load.recording.events, Happened)
        if is_of_host(event) and event.wall_seconds < load.hold.end
    }


def _too_many(lost: Rise, total: float) -> bool:
    """Return True if more of a total was lost than is normal."""
    return lost.per_second > LEAST_PER_SECOND and lost.amount > MOST_LOST * total


def _share_text(lost: Rise, total: float) -> str:
    return f" ({percent_text(lost.amount / total)})" if total else ""


def _of_interface(
    name: str, count: Callable[[InterfaceUse], int | None]
) -> Callable[[HostSample], int | None]:
    def counted(sample: HostSample) -> int | None:
        use = sample.interfaces.get(name)
        return None if use is None else count(use)

    return counted


def _received_lost(use: InterfaceUse) -> int | None:
    return use.received_lost_frames


def _sent_lost(use: InterfaceUse) -> int | None:
    return use.sent_lost_frames


def _received(use: InterfaceUse) -> int:
    return use.received_packets


def _sent(use: InterfaceUse) -> int:
    return use.sent_packets

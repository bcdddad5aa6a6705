"""Find the interface of a host that carries the rig's bytes, and what it carried.

A real host may have several: bridges, VLANs and bonds count the bytes of the interfaces below them
again, and others carry bytes that are not the rig's. So it is the one that carried most, never a
sum.

Many drivers count in the kernel's machine words (``struct net_device_stats`` of
include/linux/netdevice.h): on 32-bit systems they begin again at 0 after 4 GiB, which a board's
link carries in minutes.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from onionrig.analysis.hosts.counters import WRAPS_AT
from onionrig.analysis.hosts.facts import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.samples import HostSample, InterfaceUse

Direction = Literal["received", "sent"]


class Carried(NamedTuple):
    """The bytes that an interface carried each way."""

    received: int
    sent: int


def carried_between(before: InterfaceUse, after: InterfaceUse) -> Carried:
    """Return what an interface carried between two readings; of 32 bits, at most 4 GiB each way."""
    return Carried(
        received=_increase(
            (before.received_bytes, after.received_bytes),
            (before.received_packets, after.received_packets),
        ),
        sent=_increase(
            (before.sent_bytes, after.sent_bytes), (before.sent_packets, after.sent_packets)
        ),
    )


def main_interface(samples: Sequence[HostSample]) -> str | None:
    """Return the interface that carried most between the first and the last of these samples.

    Loopback is ignored. None is returned if no other interface is in two samples.
    """
    readings = Counter(name for sample in samples for name in sample.interfaces)
    bytes_by_interface = {
        name: sum(carried_by(samples, name))
        for name, number in readings.items()
        if number > 1 and name != LOOPBACK
    }
    return max(bytes_by_interface, key=bytes_by_interface.__getitem__, default=None)


def carried_bytes(samples: Sequence[HostSample], direction: Direction) -> int:
    """Return the bytes that a host's main interface carried in one direction."""
    name = main_interface(samples)
    return 0 if name is None else getattr(carried_by(samples, name), direction)


def carried_by(samples: Sequence[HostSample], name: str) -> Carried:
    """Return the bytes that an interface carried, 0 if it is not in two samples.

    They are summed from sample to sample, since a counter may begin again in between.
    """
    uses = (use for sample in samples if (use := sample.interfaces.get(name)) is not None)
    parts = [carried_between(before, after) for before, after in pairwise(uses)]
    return Carried(
        received=sum(part.received for part in parts), sent=sum(part.sent for part in parts)
    )


def kernel_rate(samples: Sequence[HostSample]) -> float | None:
    """Return the rate of the main interface according to the kernel, or None if it names none."""
    name = main_interface(samples)
    uses = (sample.interfaces.get(name) for sample in reversed(samples)) if name else ()
    return next((use.link_bits_per_second or None for use in uses if use is not None), None)


def _increase(byte_counts: tuple[int, int], packet_counts: tuple[int, int]) -> int:
    """Return how much a counter of bytes rose, beside that of the same packets.

    If it fell although the packets went on, its 32 bits were full. If both fell, the interface was
    created again, and counts from 0.
    """
    before, after = byte_counts
    if after >= before:
        return after - before
    if packet_counts[1] >= packet_counts[0] and before < WRAPS_AT:
        return after + WRAPS_AT - before
    return after

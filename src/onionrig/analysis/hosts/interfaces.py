"""Find the interface of a host that carries the rig's bytes, and what it carried.

A real host may have several: bridges, VLANs and bonds count the bytes of the interfaces below them
again, and others carry bytes that are not the rig's. So it is the one that carried most, never a
sum.

Many drivers count in the kernel's machine words (``struct net_device_stats`` of
include/linux/netdevice.h): on 32-bit systems they start again from 0 after 4 GiB, which a board's
link carries in minutes.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from onionrig.analysis.hosts.facts import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.samples import HostSample, InterfaceUse

Direction = Literal["received", "sent"]

WORD = 1 << 32
"""Number of values of a counter of 32 bits."""


class Carried(NamedTuple):
    """The bytes that an interface carried each way."""

    received: int
    sent: int


def carried_between(before: InterfaceUse, after: InterfaceUse) -> Carried:
    """Return what an interface carried between two readings, at most 4 GiB each way."""
    return Carried(
        received=_risen(
            (before.received_bytes, after.received_bytes),
            (before.received_packets, after.received_packets),
        ),
        sent=_risen(
            (before.sent_bytes, after.sent_bytes), (before.sent_packets, after.sent_packets)
        ),
    )


def carried_by_interface(samples: Sequence[HostSample]) -> dict[str, Carried]:
    """Return what each interface carried that is in the first and the last of these samples."""
    if not samples:
        return {}
    totals = {}
    for name in samples[-1].interfaces.keys() & samples[0].interfaces.keys():
        readings = (use for sample in samples if (use := sample.interfaces.get(name)))
        parts = [carried_between(before, after) for before, after in pairwise(readings)]
        totals[name] = Carried(
            received=sum(part.received for part in parts), sent=sum(part.sent for part in parts)
        )
    return {name: totals[name] for name in samples[-1].interfaces if name in totals}


def main_interface(samples: Sequence[HostSample]) -> str | None:
    """Return the interface that carried most between the first and the last of these samples.

    Loopback is ignored. None is returned if no other interface is in both samples.
    """
    return _main(carried_by_interface(samples))


def carried_bytes(samples: Sequence[HostSample], direction: Direction) -> int:
    """Return the bytes that a host's main interface carried in one direction."""
    carried = carried_by_interface(samples)
    name = _main(carried)
    if name is None:
        return 0
    return carried[name].sent if direction == "sent" else carried[name].received


def kernel_rate(samples: Sequence[HostSample]) -> float | None:
    """Return the rate of the main interface according to the kernel, or None if it names none."""
    name = main_interface(samples)
    return None if name is None else samples[-1].interfaces[name].link_bits_per_second or None


def _main(carried: dict[str, Carried]) -> str | None:
    sizes = {name: sum(both_ways) for name, both_ways in carried.items() if name != LOOPBACK}
    return max(sizes, key=sizes.__getitem__, default=None)


def _risen(byte_counts: tuple[int, int], packet_counts: tuple[int, int]) -> int:
    """Return by how much a counter of bytes rose, beside that of the same packets.

    If it fell although the packets went on, it has passed 32 bits. If both fell, the interface was
    created again, and counts from 0.
    """
    before, after = byte_counts
    if after >= before:
        return after - before
    if packet_counts[1] >= packet_counts[0] and before < WORD:
        return after + WORD - before
    return after

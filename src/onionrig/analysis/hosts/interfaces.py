"""Find the interface of a host that carries the rig's bytes, and what it carried.

A real host may have several: bridges, VLANs and bonds count the bytes of the interfaces below them
again, and others carry bytes that are not the rig's. So it is the one that carried most, never a
sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from onionrig.analysis.hosts.facts import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.samples import HostSample, InterfaceUse

Direction = Literal["received", "sent"]


def main_interface(samples: Sequence[HostSample]) -> str | None:
    """Return the interface that carried most between the first and the last of these samples.

    Loopback is ignored. None is returned if no other interface is in both samples.
    """
    if not samples:
        return None
    first, last = samples[0].interfaces, samples[-1].interfaces
    bytes_by_interface = {
        name: sum(_carried_by(first[name], use, direction) for direction in ("received", "sent"))
        for name, use in last.items()
        if name in first and name != LOOPBACK
    }
    return max(bytes_by_interface, key=bytes_by_interface.__getitem__, default=None)


def carried_bytes(samples: Sequence[HostSample], direction: Direction) -> int:
    """Return the bytes that a host's main interface carried in one direction."""
    name = main_interface(samples)
    if name is None:
        return 0
    return _carried_by(samples[0].interfaces[name], samples[-1].interfaces[name], direction)


def kernel_rate(samples: Sequence[HostSample]) -> float | None:
    """Return the rate of the main interface according to the kernel, or None if it names none."""
    name = main_interface(samples)
    return None if name is None else samples[-1].interfaces[name].link_bits_per_second or None


def _carried_by(first: InterfaceUse, last: InterfaceUse, direction: Direction) -> int:
    if direction == "sent":
        return last.sent_bytes - first.sent_bytes
    return last.received_bytes - first.received_bytes

"""Find the interface of a host that carries the rig's bytes, and what it carried.

A real host may have several: bridges, VLANs and bonds count the bytes of the interfaces below them
again, and others carry bytes that are not the rig's. So it is the one that carried most, never a
sum.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

from onionrig.analysis.hosts.counters import of_interface, rise
from onionrig.analysis.hosts.facts import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.samples import HostSample, InterfaceUse

Direction = Literal["received", "sent"]
_DIRECTIONS: tuple[Direction, ...] = ("received", "sent")


def main_interface(samples: Sequence[HostSample]) -> str | None:
    """Return the interface that carried most between the first and the last of these samples.

    Loopback is ignored. None is returned if no other interface is in two samples.
    """
    readings = Counter(name for sample in samples for name in sample.interfaces)
    bytes_by_interface = {
        name: sum(carried_by(samples, name, direction) for direction in _DIRECTIONS)
        for name, number in readings.items()
        if number > 1 and name != LOOPBACK
    }
    return max(bytes_by_interface, key=bytes_by_interface.__getitem__, default=None)


def carried_bytes(samples: Sequence[HostSample], direction: Direction) -> int:
    """Return the bytes that a host's main interface carried in one direction."""
    name = main_interface(samples)
    return 0 if name is None else carried_by(samples, name, direction)


def carried_by(samples: Sequence[HostSample], name: str, direction: Direction) -> int:
    """Return the bytes that an interface carried in one direction, 0 if it is not in two samples.

    They are summed from sample to sample, since a counter may begin again in between.
    """
    carried = rise(samples, of_interface(name, _sent if direction == "sent" else _received))
    return 0 if carried is None else round(carried.amount)


def kernel_rate(samples: Sequence[HostSample]) -> float | None:
    """Return the rate of the main interface according to the kernel, or None if it names none."""
    name = main_interface(samples)
    uses = (sample.interfaces.get(name) for sample in reversed(samples)) if name else ()
    return next((use.link_bits_per_second or None for use in uses if use is not None), None)


def _sent(use: InterfaceUse) -> int:
    return use.sent_bytes


def _received(use: InterfaceUse) -> int:
    return use.received_bytes

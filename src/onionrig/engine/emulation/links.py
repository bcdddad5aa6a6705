"""The switch and the links of emulated hosts, as lines for ``ip`` and ``tc``. No I/O here.

A host has one interface, eth0. Without a delay its other end is a port of the switch::

    eth0 ── port1

With one, a delay line lies between them, in a namespace of its own::

    eth0 ── wire1  (delayed)  near1 ── port1

A rate is a token bucket at both ends, eth0 and port: a frame waits for the rate first and travels
for the delay then, as on a wire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.rig.model import Host
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onionrig.engine.emulation.namespaces import Namespace

SWITCH = "switch"
PREFIX_BITS = 24

FRAME_BYTES = 1514
"""Size of an Ethernet frame of the usual 1500 bytes, as the kernel counts it."""
LARGEST_SEGMENT_BYTES = 16 << 10
"""Largest segment that a host hands to its interface unsplit. 64 KiB would be usual, but a delay
line keeps a slot of this size for each segment, and small ones share a slow link more evenly."""

BURST_SECONDS = 0.0025
"""Burst of a link, as time at its rate, that may pass at once after a pause; the kernel's timers
are late by less."""
QUEUE_SECONDS = 0.025
"""Queue of a link, as time at its rate; frames that do not fit are dropped."""
FEWEST_BURST_FRAMES, FEWEST_QUEUED_FRAMES = 2, 12

UNSHAPED_BITS_PER_SECOND = 5e9
"""Upper bound of the rate through a delay line of a link without a rate."""
SPARE_BYTES = 4 << 20


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One host's link to the switch."""

    number: int
    """Number of the link, counted from 1, which names its interfaces."""
    host: Host

    @property
    def port(self) -> str:
        """The switch's end."""
        return f"port{self.number}"

    @property
    def near(self) -> str:
        """The delay line's end towards the switch."""
        return f"near{self.number}"

    @property
    def wire(self) -> str:
        """The delay line's end towards the host."""
        return f"wire{self.number}"


def switch_lines() -> list[str]:
    """Return the lines that make the switch; no interface of the machine is ever joined to it."""
    return [
        f"link add name {SWITCH} type bridge mcast_snooping 0",
        f"link set dev {SWITCH} up",
    ]


def direct_lines(link: Link, host: Namespace) -> list[str]:
    """Return the lines that join a host to the switch, for the switch's namespace."""
    return [
        f"link add name {link.port} type veth peer name eth0 netns {host.pid}",
        *_port_lines(link),
    ]


def delayed_port_lines(link: Link, delays: Namespace) -> list[str]:
    """Return the lines that join a delay line to the switch, for the switch's namespace."""
    return [
        f"link add name {link.port} type veth peer name {link.near} netns {delays.pid}",
        *_port_lines(link),
    ]


def delay_line_lines(link: Link, host: Namespace) -> list[str]:
    """Return the lines that join a host to its delay line, for the delay lines' namespace."""
    return [
        f"link add name {link.wire} type veth peer name eth0 netns {host.pid}",
        _up(link.wire),
        _up(link.near),
    ]


def host_lines(link: Link) -> list[str]:
    """Return the lines that give a host its address, for its namespace.

    No route leads further than the switch.
    """
    return [
        "link set dev lo up",
        f"address add {link.host.address}/{PREFIX_BITS} dev eth0",
        _up("eth0"),
    ]


def port_state_line(link: Link, *, up: bool) -> str:
    """Return the line that sets a link's port up or down, for ``ip`` in the switch's namespace."""
    return f"link set dev {link.port} {'up' if up else 'down'}"


def emptied_line(interface: str) -> str:
    """Return the line for ``tc`` that drops a link end's queue and rate, before a new rate is set.

    A bucket that is only changed keeps its queue; a segment in it that is larger than the new one
    is never sent, nor is anything behind it (kernel: net/sched/sch_tbf.c, tbf_dequeue).
    """
    return f"qdisc replace dev {interface} root pfifo"


def rate_line(interface: str, rate: float) -> str:
    """Return the line for ``tc`` that shapes an end of a link, shaped before or not."""
    bytes_per_second = rate / BITS_PER_BYTE
    burst = max(FEWEST_BURST_FRAMES * FRAME_BYTES, BURST_SECONDS * bytes_per_second)
    limit = max(FEWEST_QUEUED_FRAMES * FRAME_BYTES, QUEUE_SECONDS * bytes_per_second)
    return (
        f"qdisc replace dev {interface} root tbf rate {rate:.0f}bit burst {burst:.0f} "
        f"limit {limit:.0f}"
    )


def netem_bridge_lines(link: Link) -> list[str]:
    """Return the lines for ``ip`` that make a delay line of two ports."""
    line = f"line{link.number}"
    return [
        f"link add name {line} type bridge mcast_snooping 0",
        f"link set dev {line} up",
        f"link set dev {link.wire} master {line}",
        f"link set dev {link.near} master {line}",
    ]


def netem_lines(link: Link) -> Iterator[str]:
    """Return the lines for ``tc`` that delay what leaves either port; the limit is in packets."""
    packets = delayed_bytes(link.host) // FRAME_BYTES
    for interface in (link.wire, link.near):
        yield (
            f"qdisc add dev {interface} root netem delay {1e6 * link.host.delay_seconds:.0f}us "
            f"limit {packets}"
        )


def delayed_bytes(host: Host) -> int:
    """Return the most bytes in flight through a host's delay line, in one direction."""
    rate = host.most_bits_per_second or host.link_bits_per_second or UNSHAPED_BITS_PER_SECOND
    return round(2 * rate * host.delay_seconds / BITS_PER_BYTE) + SPARE_BYTES


def _port_lines(link: Link) -> list[str]:
    return [f"link set dev {link.port} master {SWITCH}", _up(link.port)]


def _up(interface: str) -> str:
    return f"link set dev {interface} gso_max_size {LARGEST_SEGMENT_BYTES} up"

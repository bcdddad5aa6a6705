"""The kernel's counters of a network namespace: TCP segments and tracked connections.

Each emulated host has its own network namespace, and its sampler runs in it. The names are those of
the kernel (Documentation/networking/snmp_counter.rst, net/netfilter/nf_conntrack_standalone.c).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.movers.sampler.host import MS_PER_SECOND, number_from, read_text
from onionrig.records.samples import NetworkCounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

UNBUFFERED = (
    "TCPBacklogDrop",
    "TCPRcvQDrop",
    "TCPOFODrop",
    "RcvPruned",
    "PFMemallocDrop",
)
"""Counters of segments that arrived and for which a socket, or the kernel, had no memory."""
TIME_DIGITS = 3
DROPPED = {"drop", "early_drop"}
TCP_COUNTS = ("InSegs", "RetransSegs", "InErrs")
"""Counters that are read from ``/proc/net/snmp``."""
MORE_COUNTS = (
    *UNBUFFERED,
    "ListenDrops",
    "TCPAbortOnMemory",
    "TCPMemoryPressures",
    "TCPMemoryPressuresChrono",
    "TCPSYNChallenge",
)
"""Counters that are read from ``/proc/net/netstat``, which has about two hundred."""


def protocol_counts(text: str | None, protocol: str, names: Iterable[str]) -> dict[str, int]:
    """Return a protocol's counters from ``/proc/net/snmp`` or ``netstat``: names, values below."""
    lines = [line.split() for line in (text or "").splitlines() if line.startswith(f"{protocol}:")]
    if len(lines) != len(("names", "values")):
        return {}
    values = dict(zip(*lines, strict=False))
    return {name: int(values[name]) for name in names if values.get(name, "").isdecimal()}


def tcp_counts(snmp: str | None) -> dict[str, int]:
    """Return the counters of TCP that are read from ``/proc/net/snmp``."""
    return protocol_counts(snmp, "Tcp", TCP_COUNTS)


def tracking_drops(stat: str | None) -> dict[str, int]:
    """Return the sums of ``drop`` and ``early_drop`` over all CPUs of nf_conntrack's file.

    The file is ``/proc/net/stat/nf_conntrack``.
    """
    lines = [line.split() for line in (stat or "").splitlines()]
    if not lines:
        return {}
    names, *cpus = lines
    try:
        return {
            name: sum(int(values[at], base=16) for values in cpus)
            for at, name in enumerate(names)
            if name in DROPPED
        }
    except (IndexError, ValueError):
        return {}


class NetworkReader:
    """Reads the counters of the network namespace that this process is in."""

    def __init__(self, root: Path) -> None:
        self._tracked = root / "proc/sys/net/netfilter/nf_conntrack_count"
        self._most_tracked = root / "proc/sys/net/netfilter/nf_conntrack_max"
        self._tracking = root / "proc/net/stat/nf_conntrack"
        self._netstat = root / "proc/net/netstat"

    def read(self, tcp: Mapping[str, int]) -> NetworkCounts:
        """Return the current counts; ``tcp`` are the counters of TCP from ``/proc/net/snmp``."""
        more = protocol_counts(read_text(self._netstat), "TcpExt", MORE_COUNTS)
        drops = tracking_drops(read_text(self._tracking))
        return NetworkCounts(
            received_segments=tcp.get("InSegs"),
            damaged_segments=damaged_segments(tcp, more),
            unbuffered_segments=_sum_of(more, UNBUFFERED),
            refused_connections=more.get("ListenDrops"),
            aborted_connections=more.get("TCPAbortOnMemory"),
            short_of_memory_times=more.get("TCPMemoryPressures"),
            short_of_memory_seconds=_seconds(more.get("TCPMemoryPressuresChrono")),
            tracked_connections=number_from(read_text(self._tracked)),
            most_tracked_connections=number_from(read_text(self._most_tracked)),
            untracked_drops=drops.get("drop"),
            early_drops=drops.get("early_drop"),
        )


def damaged_segments(tcp: Mapping[str, int], more: Mapping[str, int]) -> int | None:
    """Return the number of damaged segments, without the SYNs that the kernel counts among them.

    The kernel counts a SYN within a connection as an error.
    """
    errors = tcp.get("InErrs")
    return None if errors is None else max(0, errors - more.get("TCPSYNChallenge", 0))


def _sum_of(counts: Mapping[str, int], names: tuple[str, ...]) -> int | None:
    """Return the sum of the counters that this kernel has, or None if it has none of them."""
    values = [counts[name] for name in names if name in counts]
    return sum(values) if values else None


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else round(milliseconds / MS_PER_SECOND, TIME_DIGITS)

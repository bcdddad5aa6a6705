"""What a host's kernel counts: CPU by state, interfaces, TCP."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil

from onionrig.records.samples import CpuStates, InterfaceUse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOOPBACK = "lo"
LINK_RATE_SECONDS = 10.0
"""A link's rate is asked of its driver, which may be slow, and seldom changes."""
BITS_PER_MBIT = 1e6


def cpu_states() -> CpuStates:
    """Return the machine-wide counters."""
    now = psutil.cpu_times()
    return CpuStates(
        user=now.user,
        nice=now.nice,
        system=now.system,
        idle=now.idle,
        iowait=now.iowait,
        irq=now.irq,
        softirq=now.softirq,
        steal=now.steal,
    )


class Interfaces:
    """The network interfaces that this process sees."""

    def __init__(self, root: Path, link_rates: Mapping[str, float | None] | None = None) -> None:
        """Rates are asked of the kernel unless they are given, by interface."""
        self._rates = root / "sys/class/net"
        self._given = link_rates
        self._known: dict[str, float | None] = {}
        self._known_until_seconds = 0.0

    def use(self) -> dict[str, InterfaceUse]:
        """Return what each has carried; but for loopback, one that never carried is left out."""
        now_seconds = time.monotonic()
        if now_seconds >= self._known_until_seconds:
            self._known.clear()
            self._known_until_seconds = now_seconds + LINK_RATE_SECONDS
        return {
            name: InterfaceUse(
                received_bytes=carried.bytes_recv,
                received_packets=carried.packets_recv,
                sent_bytes=carried.bytes_sent,
                sent_packets=carried.packets_sent,
                link_bits_per_second=self._link_rate(name),
            )
            for name, carried in psutil.net_io_counters(pernic=True, nowrap=False).items()
            if name == LOOPBACK or carried.packets_recv or carried.packets_sent
        }

    def _link_rate(self, name: str) -> float | None:
        if self._given is not None:
            return self._given.get(name)
        if name not in self._known:
            self._known[name] = link_bits_per_second(read_text(self._rates / name / "speed"))
        return self._known[name]


def link_bits_per_second(speed: str | None) -> float | None:
    """Return the rate that ``/sys/class/net/NAME/speed`` says in Mbit/s.

    0 and -1 are what drivers say that know none; with no link, reading it fails.
    """
    try:
        mbit = int(speed or "")
    except ValueError:
        return None
    return mbit * BITS_PER_MBIT if mbit > 0 else None


def retransmitted_segments(snmp: str | None) -> int | None:
    """Return TCP's retransmitted segments from ``/proc/net/snmp``: names, values below."""
    lines = [line.split() for line in (snmp or "").splitlines() if line.startswith("Tcp:")]
    if len(lines) != len(("names", "values")):
        return None
    try:
        return int(dict(zip(*lines, strict=False))["RetransSegs"])
    except (KeyError, ValueError):
        return None


def read_text(path: Path) -> str | None:
    """Return what a file of the kernel says; None where it is absent or cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None

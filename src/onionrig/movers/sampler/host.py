"""The counters of a host's kernel: CPU by state, and what its interfaces carry and lose."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
import psutil

from onionrig.records.samples import CpuStates, InterfaceUse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

LOOPBACK = "lo"
LINK_RATE_SECONDS = 10.0
"""Period of asking drivers for link rates: a driver may be slow, and a rate seldom changes."""
BITS_PER_MBIT = 1e6
UNKNOWN_MBIT = {(1 << 16) - 1, (1 << 32) - 1}
"""Values of -1 in 16 and in 32 bits."""
MS_PER_SECOND = 1e3
COLUMNS = 16
"""Columns of ``/proc/net/dev``: eight received, eight sent."""


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
        """Take the link rates by interface, or ask the kernel for them if none are given."""
        self._counts = root / "proc/net/dev"
        self._rates = root / "sys/class/net"
        self._given_rates = link_rates
        self._known_rates: dict[str, float | None] = {}
        self._known_until_seconds = 0.0

    def use(self) -> dict[str, InterfaceUse]:
        """Return what each interface has carried; except for loopback, unused ones are left out."""
        now_seconds = time.monotonic()
        if now_seconds >= self._known_until_seconds:
            self._known_rates.clear()
            self._known_until_seconds = now_seconds + LINK_RATE_SECONDS
        return {
            name: InterfaceUse(
                received_bytes=counts.received_bytes,
                received_packets=counts.received_packets,
                sent_bytes=counts.sent_bytes,
                sent_packets=counts.sent_packets,
                link_bits_per_second=self._link_rate(name),
                received_lost_frames=counts.received_lost,
                sent_lost_frames=counts.sent_lost,
            )
            # not psutil: it leaves out overruns
            for name, counts in interface_counts(read_text(self._counts)).items()
            if name == LOOPBACK or counts.received_packets or counts.sent_packets
        }

    def _link_rate(self, name: str) -> float | None:
        if self._given_rates is not None:
            return self._given_rates.get(name)
        if name not in self._known_rates:
            self._known_rates[name] = link_bits_per_second(read_text(self._rates / name / "speed"))
        return self._known_rates[name]


class InterfaceCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The traffic that one interface has carried and lost since it came up."""

    received_bytes: int
    received_packets: int
    received_lost: int
    sent_bytes: int
    sent_packets: int
    sent_lost: int


def interface_counts(dev: str | None) -> dict[str, InterfaceCounts]:
    """Read ``/proc/net/dev``: a line for each interface, whose name may hold colons.

    Some drivers count an overrun among the errors and some do not, so the larger number counts.
    """
    counts = {}
    for line in (dev or "").splitlines():
        name, colon, columns = line.rpartition(":")
        numbers = [int(number) for number in columns.split() if number.isdecimal()]
        if colon and len(numbers) == COLUMNS:
            received, sent = numbers[:8], numbers[8:]
            counts[name.strip()] = InterfaceCounts(
                received_bytes=received[0],
                received_packets=received[1],
                received_lost=_lost(*received[2:5]),
                sent_bytes=sent[0],
                sent_packets=sent[1],
                sent_lost=_lost(*sent[2:5]),
            )
    return counts


def _lost(errors: int, dropped: int, overruns: int) -> int:
    return dropped + max(errors, overruns)


def link_bits_per_second(speed: str | None) -> float | None:
    """Return the rate that ``/sys/class/net/NAME/speed`` gives in Mbit/s.

    Drivers that know no rate report 0 or -1, some of them as an unsigned number, as ethtool knows;
    without a link, reading the file fails.
    """
    try:
        mbit = int(speed or "")
    except ValueError:
        return None
    return mbit * BITS_PER_MBIT if mbit > 0 and mbit not in UNKNOWN_MBIT else None


def named_counts(text: str | None, names: Iterable[str]) -> dict[str, int]:
    """Return these counts from a text whose lines are a name and a number, as in /proc/vmstat.

    Control groups have such files too. The names are looked for one by one, since vmstat has about
    two hundred.
    """
    lines = f"\n{text or ''}\n"
    counts = {}
    for name in names:
        _, separator, after = lines.partition(f"\n{name} ")
        number = number_from(after.partition("\n")[0]) if separator else None
        if number is not None:
            counts[name] = number
    return counts


def number_from(text: str | None) -> int | None:
    """Return the one number that a file holds, or None if it holds something else."""
    number = (text or "").strip()
    return int(number) if number.isdecimal() else None


def read_text(path: Path) -> str | None:
    """Return the text of a kernel's file, or None if it is absent or cannot be read."""
    try:
        # a sampler reads dozens of small files per second: a buffer and a text layer for each of
        # them would take longer than the reading
        with path.open("rb", buffering=0) as file:
            return file.read().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None

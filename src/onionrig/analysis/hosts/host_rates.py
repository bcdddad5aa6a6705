"""Compute what a host did between two samples: CPU by state, interfaces, the board."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.hosts.counters import increase
from onionrig.records.samples import BoardState
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from onionrig.records.samples import CpuStates, HostSample


class InterfaceRates(msgspec.Struct, frozen=True, kw_only=True):
    """Rates of one interface."""

    name: str
    received_bits_per_second: float
    sent_bits_per_second: float
    received_packets_per_second: float
    sent_packets_per_second: float


class HostRates(msgspec.Struct, frozen=True, kw_only=True):
    """What a host did between two samples."""

    user_share: float
    """Share of all cores according to the machine-wide counters, like the shares below."""
    system_share: float
    idle_share: float
    steal_share: float
    load_average: float
    retransmitted_per_second: float | None
    interfaces: tuple[InterfaceRates, ...]
    """Interfaces that carried anything."""
    board: BoardState


def host_rates(before: HostSample, after: HostSample) -> HostRates | None:
    """Return the rates between two samples, or None if no time passed."""
    seconds = after.monotonic_seconds - before.monotonic_seconds
    total = _total(after.cpu) - _total(before.cpu)
    if seconds <= 0 or total <= 0:
        return None
    user = after.cpu.user + after.cpu.nice - before.cpu.user - before.cpu.nice
    idle = after.cpu.idle + after.cpu.iowait - before.cpu.idle - before.cpu.iowait
    steal = after.cpu.steal - before.cpu.steal
    return HostRates(
        user_share=user / total,
        system_share=(total - user - idle - steal) / total,
        idle_share=idle / total,
        steal_share=steal / total,
        load_average=after.load_average,
        retransmitted_per_second=_retransmitted(before, after, seconds),
        interfaces=_interfaces(before, after, seconds),
        board=after.board,
    )


def _interfaces(
    before: HostSample, after: HostSample, seconds: float
) -> tuple[InterfaceRates, ...]:
    rates = [
        InterfaceRates(
            name=name,
            received_bits_per_second=increase(previous_use.received_bytes, use.received_bytes)
            * BITS_PER_BYTE
            / seconds,
            sent_bits_per_second=increase(previous_use.sent_bytes, use.sent_bytes)
            * BITS_PER_BYTE
            / seconds,
            received_packets_per_second=increase(
                previous_use.received_packets, use.received_packets
            )
            / seconds,
            sent_packets_per_second=increase(previous_use.sent_packets, use.sent_packets) / seconds,
        )
        for name, use in after.interfaces.items()
        if (previous_use := before.interfaces.get(name)) is not None
    ]
    return tuple(
        rate for rate in rates if rate.received_bits_per_second or rate.sent_bits_per_second
    )


def _retransmitted(before: HostSample, after: HostSample, seconds: float) -> float | None:
    first, last = before.tcp_retransmitted_segments, after.tcp_retransmitted_segments
    return None if first is None or last is None else increase(first, last) / seconds


def _total(cpu: CpuStates) -> float:
    return cpu.busy + cpu.idle + cpu.iowait + cpu.steal

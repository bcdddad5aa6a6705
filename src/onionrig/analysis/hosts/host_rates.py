"""Compute what a host did between two samples: CPU by state, interfaces, the board."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.hosts.counters import increase
from onionrig.analysis.hosts.interfaces import carried_between
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
    user, system, idle, steal = map(_rise, _states(before.cpu), _states(after.cpu))
    total = user + system + idle + steal
    if seconds <= 0 or total <= 0:
        return None
    return HostRates(
        user_share=user / total,
        system_share=system / total,
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
    rates = []
    for name, use in after.interfaces.items():
        previous_use = before.interfaces.get(name)
        if previous_use is None:
            continue
        carried = carried_between(previous_use, use)
        received_packets = increase(previous_use.received_packets, use.received_packets)
        sent_packets = increase(previous_use.sent_packets, use.sent_packets)
        rates.append(
            InterfaceRates(
                name=name,
                received_bits_per_second=carried.received * BITS_PER_BYTE / seconds,
                sent_bits_per_second=carried.sent * BITS_PER_BYTE / seconds,
                received_packets_per_second=received_packets / seconds,
                sent_packets_per_second=sent_packets / seconds,
            )
        )
    return tuple(
        rate for rate in rates if rate.received_bits_per_second or rate.sent_bits_per_second
    )


def _retransmitted(before: HostSample, after: HostSample, seconds: float) -> float | None:
    first, last = before.tcp_retransmitted_segments, after.tcp_retransmitted_segments
    return None if first is None or last is None else increase(first, last) / seconds


def _states(cpu: CpuStates) -> tuple[float, float, float, float]:
    """Return the seconds of user, system, idle and steal."""
    user = cpu.user + cpu.nice
    return user, cpu.busy - user, cpu.idle + cpu.iowait, cpu.steal


def _rise(before: float, after: float) -> float:
    """Return how much a state's time rose; on some kernels iowait and steal fall (proc_stat(5))."""
    return max(0.0, after - before)

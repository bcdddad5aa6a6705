"""Say in words how fast the cores were, and how near their limit a run came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import counted, percent_text, rate_text

if TYPE_CHECKING:
    from onionrig.records.result import Result
    from onionrig.records.yardstick.core_speed import ArithmeticBound, HostSpeed, Yardstick

UNKNOWN = "-"


def speed_text(speed: float | None) -> str:
    """Return a speed relative to the reference core."""
    return UNKNOWN if speed is None else f"{speed:.2f}"


def speeds_text(yardstick: Yardstick) -> str:
    """Return how the speed was read, and how it moved."""
    if len(yardstick.hosts) == 1:
        return _host_text(yardstick.hosts[0])
    hosts_text = ", ".join(f"{host.host} {speed_text(host.hold)}" for host in yardstick.hosts)
    return f"times the reference core in the hold, mean of the hosts: {hosts_text}"


def _host_text(host: HostSpeed) -> str:
    spread = ""
    if host.middle_half is not None:
        low, high = host.middle_half
        spread = f", half of them from {low:.2f} to {high:.2f}"
    return (
        f"times the reference core in the hold ({counted(host.readings, 'reading')}{spread}); "
        f"{speed_text(host.before)} before it, {speed_text(host.after)} after"
    )


def carried_over_text(yardstick: Yardstick) -> tuple[str, str]:
    """Return the sustained rate as on the reference core, and a remark on it."""
    rate = yardstick.sustained_on_reference_core_bits_per_second
    if rate is None:
        return UNKNOWN, yardstick.not_carried_over
    return rate_text(rate), "sustained rate as on the reference core, an estimate"


def arithmetic_text(bound: ArithmeticBound, result: Result) -> tuple[str, str]:
    """Return how much of the arithmetic bound was reached, and which role took the most CPU."""
    whole = sum(cost.cores for cost in result.costs.values())
    busiest_role = max(result.costs, key=lambda role: result.costs[role].cores, default=None)
    suffix = ""
    if busiest_role is not None and whole:
        share = percent_text(result.costs[busiest_role].cores / whole)
        suffix = f"; of the rig's CPU time, role {busiest_role} took {share}"
    limit = rate_text(bound.bits_per_second)
    remark = f"of what these cores could do by arithmetic alone, {limit}{suffix}"
    return percent_text(bound.reached), remark

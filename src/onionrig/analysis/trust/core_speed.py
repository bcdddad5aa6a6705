"""Doubt figures if the cores' speed moved while they were measured, by the yardstick."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.trust.trend import LEAST_SIGNIFICANCE
from onionrig.units import percent_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onionrig.records.result import Cost, Goodput
    from onionrig.records.thresholds import Threshold
    from onionrig.records.yardstick.core_speed import HostSpeed, Yardstick

MOST_CHANGE = 0.10
"""Largest change of speed over the hold that no figure suffers from: networks that are drawn anew
differ by as much."""


def core_speed_doubts(
    yardstick: Yardstick | None,
    goodput: Goodput,
    costs: Mapping[str, Cost],
    thresholds: Sequence[Threshold],
) -> list[str]:
    """Return a doubt for each host whose speed moved by more than the verdict can bear.

    A verdict bears a change that is smaller than the distance from a rate or a cost to its
    threshold.
    """
    if yardstick is None:
        return []
    tolerated_change = MOST_CHANGE
    for threshold in thresholds:
        figure = _figure_of(threshold, goodput, costs)
        if figure and threshold.limit:
            tolerated_change = min(tolerated_change, abs(figure / threshold.limit - 1))
    return [
        _doubt(host, has_several_hosts=len(yardstick.hosts) > 1)
        for host in yardstick.hosts
        if _has_moved(host, tolerated_change)
    ]


def _figure_of(threshold: Threshold, goodput: Goodput, costs: Mapping[str, Cost]) -> float | None:
    """Return the figure of a threshold if it follows the speed of the cores."""
    if threshold.figure == "sustained rate":
        return goodput.sustained_bits_per_second
    cost = costs.get(threshold.of) if threshold.figure == "CPU-s per Gbit" else None
    return None if cost is None else cost.cpu_seconds_per_gbit


def _has_moved(host: HostSpeed, tolerated_change: float) -> bool:
    if host.change is None or host.significance is None:
        return False
    return abs(host.change) > tolerated_change and host.significance >= LEAST_SIGNIFICANCE


def _doubt(host: HostSpeed, *, has_several_hosts: bool) -> str:
    cores_text = f"the cores of {host.host}" if has_several_hosts else "the cores"
    change = host.change or 0.0
    direction = "faster" if change > 0 else "slower"
    return (
        f"{cores_text} were {percent_text(abs(change))} {direction} in the second half of the hold "
        "than in the first, by the yardstick"
    )

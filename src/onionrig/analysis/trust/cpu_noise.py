"""Measure CPU use outside the rig during the hold: other processes, and the hypervisor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.records.findings import Noise
from onionrig.units import percent_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.limits.full_cpu import HostUse

MOST_SHARE = 0.05
"""Share of a host's cores that others may take before the figures are in doubt."""
MISSED_SHARE = 0.05
"""Share by which the machine-wide counters may lie below the sum of processes: the two are read one
after the other, in ticks of 10 ms."""


def cpu_noise(uses: Sequence[HostUse]) -> Noise:
    """Return what others took; the sums are those of the fullest host, which comes first."""
    other_cores = [use.others_cores for use in uses if use.others_cores is not None]
    return Noise(
        others_cores=max(other_cores, default=None),
        steal_cores=max((use.steal_cores for use in uses), default=None),
        machine_busy_cores=uses[0].machine_busy_cores if uses else None,
        processes_busy_cores=_processes(uses[0]) if uses else None,
    )


def cpu_noise_doubts(uses: Sequence[HostUse]) -> list[str]:
    """Return a doubt for each host on which others took more than a little."""
    doubts: list[str] = []
    for use in uses:
        for user_text, cores in (
            ("processes outside the rig used", use.others_cores),
            ("the hypervisor took", use.steal_cores),
        ):
            if cores is not None and use.machine_cores and cores > MOST_SHARE * use.machine_cores:
                share_text = percent_text(cores / use.machine_cores)
                doubts.append(
                    f"{user_text} {cores:.2f} of the {use.machine_cores} cores of {use.host} "
                    f"({share_text})"
                )
    return doubts


def unread_cpu(uses: Sequence[HostUse]) -> list[str]:
    """Report what was not read, and where machine-wide counters miss what processes used."""
    gaps = [
        f"not all of the CPU of {use.host} could be used: {use.restriction}"
        for use in uses
        if use.restriction
    ]
    for use in uses:
        processes = _processes(use)
        if processes is None:
            gaps.append(f"what processes outside the rig used on {use.host} was not read twice")
        elif use.machine_busy_cores < processes * (1 - MISSED_SHARE):
            gaps.append(
                f"the machine-wide CPU counters of {use.host} show {use.machine_busy_cores:.2f} "
                f"cores busy where processes add up to {processes:.2f}: they miss work on some "
                "virtual machines, and the larger count is used"
            )
    return gaps


def _processes(use: HostUse) -> float | None:
    return None if use.read_cores is None else use.processes_cores

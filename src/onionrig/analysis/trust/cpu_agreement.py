"""Compare the CPU time of processes with that of their control groups, role by role.

A sampler reads a service's process once per second, and its control group counts whatever ran in
it. The surplus of the group lived too short to be read: costs include it, and it is reported. A
group with less than its process is not the process's group, or one of them was misread.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from onionrig.analysis.hosts.cpu import (
    samples_around,
    used_by_groups_seconds,
    used_by_processes_seconds,
)
from onionrig.records.findings import CpuAgreement
from onionrig.units import percent_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onionrig.analysis.load.loads import MeasuredLoad

MOST_DIFFERENCE = 0.03
"""Share by which the two may differ."""
READ_APART_SECONDS = 0.05
"""CPU-seconds per process by which they may differ however little was used: times of processes are
cut to ticks of 0.01 s, user and system separately, and the two are not read in the same instant."""


def cpu_agreement(load: MeasuredLoad) -> tuple[CpuAgreement, ...]:
    """Return what the processes of each role, and their groups, used in the hold.

    The result is empty if services had no control groups of their own.
    """
    process_seconds: dict[str, float] = defaultdict(float)
    group_seconds: dict[str, float] = defaultdict(float)
    service_counts: dict[str, int] = defaultdict(int)
    for samples in load.recording.samplers.values():
        hold_samples = samples_around(samples, load.hold)
        processes = used_by_processes_seconds(hold_samples)
        for name, used_seconds in used_by_groups_seconds(hold_samples).items():
            role = load.manifest.roles.get(name, name)
            process_seconds[role] += processes[name]
            group_seconds[role] += used_seconds
            service_counts[role] += 1
    return tuple(
        CpuAgreement(
            role=role,
            process_cpu_seconds=process_seconds[role],
            group_cpu_seconds=used_seconds,
            agrees=abs(used_seconds - process_seconds[role])
            <= max(
                MOST_DIFFERENCE * process_seconds[role], READ_APART_SECONDS * service_counts[role]
            ),
        )
        for role, used_seconds in group_seconds.items()
    )


def missed_cpu(agreements: Iterable[CpuAgreement]) -> list[str]:
    """Report where processes lived too short to be read."""
    return [
        f"processes of the role {agreement.role} that lived too short to be sampled used "
        f"{agreement.group_cpu_seconds - agreement.process_cpu_seconds:.2f} CPU-seconds in the "
        "hold "
        f"({_share(agreement)} of what was sampled): control groups counted it, and costs include "
        "it"
        for agreement in agreements
        if not agreement.agrees and agreement.group_cpu_seconds > agreement.process_cpu_seconds
    ]


def cpu_agreement_doubts(agreements: Iterable[CpuAgreement]) -> list[str]:
    """Return a doubt for each role whose groups counted less than the processes in them."""
    return [
        f"the control groups of the role {agreement.role} counted {_share(agreement)} less CPU "
        "time than the "
        "processes in them"
        for agreement in agreements
        if not agreement.agrees and agreement.group_cpu_seconds < agreement.process_cpu_seconds
    ]


def _share(agreement: CpuAgreement) -> str:
    if not agreement.process_cpu_seconds:
        return "all"
    return percent_text(abs(agreement.group_cpu_seconds / agreement.process_cpu_seconds - 1))

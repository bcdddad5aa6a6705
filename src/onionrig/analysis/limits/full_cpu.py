"""Check whether a host's CPU was full.

Two counts are compared with the cores. The rig's processes and all others, each read separately,
miss interrupts and whatever lived too short to be read. The machine-wide counters miss much of the
work on some virtual machines. Neither counts work that was not done, so the larger one is used.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.hosts.cpu import elapsed_seconds, samples_around, used_cpu_seconds
from onionrig.analysis.hosts.facts import host_of, machine_cpu_text, machine_facts, machine_of
from onionrig.analysis.limits.findings import LimitCheck, LimitFinding
from onionrig.records.findings import Evidence
from onionrig.units import cores_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.manifest import HostRecord
    from onionrig.records.samples import CpuStates, HostSample

FULL = 0.93
"""Share of all cores from which a CPU is full. The rest is lost where threads wait for one another,
however much there is to do: the default run on 2 cores uses 1.96 to 1.98 of them."""
POSSIBLE = 1.5
"""Factor by which a counter of the kernel may exceed the time that passed, since the two are not
read in the same instant."""
MENTIONED_CORES = 0.01
"""Fewest cores that are mentioned."""


class HostUse(msgspec.Struct, frozen=True, kw_only=True):
    """Mean number of cores in use on one machine during the hold; emulated hosts share one."""

    host: str
    cores: float | None
    """Cores that the rig may use; None if nothing is known about the host."""
    machine_cores: int | None
    """Cores of the machine, which the machine-wide counters are compared with."""
    restriction: str | None
    """Why the rig may use fewer cores than the machine has; None if it may use all."""
    rig_cores: float
    read_cores: float | None
    """Cores used by processes outside the rig that were read; None if not read twice."""
    unread_cores: float
    """Cores used by processes that lived too short to be read: the surplus of machine-wide
    counters."""
    steal_cores: float
    machine_busy_cores: float

    @property
    def others_cores(self) -> float | None:
        """Cores used by all processes outside the rig; None if they were not read."""
        return None if self.read_cores is None else self.read_cores + self.unread_cores

    @property
    def processes_cores(self) -> float:
        """Cores used by all processes that were read, inside and outside the rig."""
        return self.rig_cores + (self.read_cores or 0.0)

    @property
    def used_cores(self) -> float:
        """Cores taken by everything that ran here, and by the hypervisor."""
        return max(self.processes_cores, self.machine_busy_cores) + self.steal_cores

    @property
    def full(self) -> bool:
        """True if the CPU had nothing left."""
        return self.fullness >= FULL

    @property
    def fullness(self) -> float:
        """Share of the CPU in use: what the rig used of its own cores, or all use of all cores.

        Others take nothing from the rig on cores that it may not use.
        """
        if not self.cores or not self.machine_cores:
            return 0.0
        machine_share = self.used_cores / self.machine_cores
        return (
            max(machine_share, self.rig_cores / self.cores) if self.restriction else machine_share
        )


def host_uses(load: MeasuredLoad) -> list[HostUse]:
    """Return how each sampled machine's CPU was used during the hold, the fullest first."""
    samplers_by_machine: dict[str, list[Sequence[HostSample]]] = {}
    for name, samples in load.recording.samplers.items():
        if hold_samples := samples_around(samples, load.hold):
            machine = machine_of(load.manifest, host_of(load.manifest, name))
            samplers_by_machine.setdefault(machine, []).append(hold_samples)
    uses = [
        _use(machine, machine_facts(load.manifest, machine), samplers)
        for machine, samplers in samplers_by_machine.items()
    ]
    return sorted(uses, key=lambda use: -use.fullness)


def check_cpu(load: MeasuredLoad) -> LimitCheck:
    """Name the host whose CPU was full."""
    uses = host_uses(load)
    return LimitCheck(
        evidence=tuple(evidence for use in uses for evidence in _evidence(use)),
        finding=next((_finding(load, use) for use in uses if use.full), None),
    )


def _finding(load: MeasuredLoad, use: HostUse) -> LimitFinding:
    other_cores = use.others_cores or 0.0
    unread_cores = use.used_cores - use.rig_cores - other_cores - use.steal_cores
    takers = (
        ("other processes", other_cores),
        ("interrupts and unread processes", unread_cores),
        ("the hypervisor took", use.steal_cores),
    )
    if use.restriction and use.cores and use.rig_cores >= FULL * use.cores:
        return LimitFinding(
            kind="machine CPU",
            subject=use.host,
            sentence=f"{machine_cpu_text(load.manifest, use.host)} was full up to the rig's limit: "
            f"{use.rig_cores:.2f} of {cores_text(use.cores)} ({use.restriction})",
        )
    allowed_text = f", of which it may use {use.cores:g}" if use.restriction and use.cores else ""
    shares = [f"the rig used {use.rig_cores:.2f} of {use.machine_cores} cores{allowed_text}"]
    shares += [f"{taker} {cores:.2f}" for taker, cores in takers if cores >= MENTIONED_CORES]
    return LimitFinding(
        kind="machine CPU",
        subject=use.host,
        sentence=f"{machine_cpu_text(load.manifest, use.host)} was full: {', '.join(shares)}",
    )


def _evidence(use: HostUse) -> tuple[Evidence, ...]:
    limit = None if use.machine_cores is None else float(use.machine_cores)
    other_cores_text = "not read" if use.read_cores is None else f"{use.read_cores:.2f}"
    allowed_evidence = Evidence(
        what=f"CPU of {use.host} that the rig may use: {use.restriction}",
        measured=use.rig_cores,
        limit=use.cores,
        unit="cores",
        at_limit=bool(use.cores) and use.rig_cores >= FULL * (use.cores or 0.0),
    )
    return (
        *((allowed_evidence,) if use.restriction else ()),
        *_evidence_of_counters(use, limit, other_cores_text),
    )


def _evidence_of_counters(
    use: HostUse, limit: float | None, other_cores_text: str
) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            what=f"CPU of {use.host}, {counter_text}",
            measured=measured,
            limit=limit,
            unit="cores",
            at_limit=limit is not None and measured >= FULL * limit,
        )
        for counter_text, measured in (
            (
                (
                    f"by process: rig {use.rig_cores:.2f}, others {other_cores_text}, "
                    f"stolen {use.steal_cores:.2f}"
                ),
                use.processes_cores + use.steal_cores,
            ),
            (
                "by its machine-wide counters, stolen time included",
                use.machine_busy_cores + use.steal_cores,
            ),
        )
    )


def _use(machine: str, facts: HostRecord | None, samplers: list[Sequence[HostSample]]) -> HostUse:
    """Combine samplers on one machine: each has its own processes, all the same machine."""
    hold_samples = samplers[0]
    first, last, seconds = hold_samples[0], hold_samples[-1], _cpu_seconds(hold_samples)
    elsewhere_cores = sum(_rig_cores(samples) for samples in samplers[1:])
    read_cores, unread_cores = _other_cores(hold_samples, elsewhere_cores)
    return HostUse(
        host=machine,
        cores=None if facts is None else facts.usable_cores,
        machine_cores=None if facts is None else facts.machine_cores or facts.cores,
        restriction=None if facts is None else facts.cpu_restriction,
        rig_cores=_rig_cores(hold_samples) + elsewhere_cores,
        read_cores=read_cores,
        unread_cores=unread_cores,
        steal_cores=_stolen_seconds(hold_samples, facts) / seconds,
        machine_busy_cores=max(0.0, last.cpu.busy - first.cpu.busy) / seconds,
    )


def _stolen_seconds(hold_samples: Sequence[HostSample], facts: HostRecord | None) -> float:
    """Return what the hypervisor took; jumps beyond what all cores could lose are left out.

    Some hypervisors set this counter anew when a machine is moved to another host.
    """
    cores = math.inf if facts is None else float(facts.machine_cores or facts.cores)
    stolen_seconds = 0.0
    for before, after in pairwise(hold_samples):
        increase = after.cpu.steal - before.cpu.steal
        possible_seconds = cores * (after.cpu_read_seconds - before.cpu_read_seconds)
        stolen_seconds += increase if 0 <= increase <= POSSIBLE * possible_seconds else 0.0
    return stolen_seconds


def _other_cores(
    hold_samples: Sequence[HostSample], elsewhere_cores: float
) -> tuple[float | None, float]:
    """Return what others used between the first and the last time they were read, and the rest.

    The rest is what the machine-wide counters show beyond all processes in the same time, including
    those of the rig on other emulated hosts. Interrupts are left out: they are nobody's, or the
    rig's own.
    """
    read_indexes = [
        index for index, sample in enumerate(hold_samples) if sample.others_cpu_seconds is not None
    ]
    read_samples = hold_samples[read_indexes[0] : read_indexes[-1] + 1] if read_indexes else []
    if len(read_samples) < 2 or elapsed_seconds(read_samples) <= 0:  # noqa: PLR2004 - a difference takes two
        return None, 0.0
    first, last, seconds = read_samples[0], read_samples[-1], elapsed_seconds(read_samples)
    other_seconds = (last.others_cpu_seconds or 0.0) - (first.others_cpu_seconds or 0.0)
    read_cores = max(0.0, other_seconds) / seconds
    machine_cores = (_of_processes(last.cpu) - _of_processes(first.cpu)) / _cpu_seconds(
        read_samples
    )
    known_cores = _rig_cores(read_samples) + elsewhere_cores + read_cores
    return read_cores, max(0.0, machine_cores - known_cores)


def _cpu_seconds(samples: Sequence[HostSample]) -> float:
    """Return the time between the machine-wide counters of the first and the last sample."""
    seconds = samples[-1].cpu_read_seconds - samples[0].cpu_read_seconds
    return seconds if seconds > 0 else elapsed_seconds(samples)


def _of_processes(cpu: CpuStates) -> float:
    return cpu.user + cpu.nice + cpu.system


def _rig_cores(hold_samples: Sequence[HostSample]) -> float:
    return sum(used_cpu_seconds(hold_samples).values()) / elapsed_seconds(hold_samples)

"""The CPU that this process may use: its affinity, and the quotas of its control groups.

A quota of any parent group counts as well, as far as it can be seen: a container sees its own group
as the root (kernel: Documentation/admin-guide/cgroup-v2.rst, scheduler/sched-bwc.rst).
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil

from onionrig.movers.sampler.host import named_counts, read_text
from onionrig.processes.cgroups import own_hierarchies
from onionrig.units import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

THROTTLED = {"throttled_usec": 1e-6, "throttled_time": 1e-9}
"""Seconds per unit of the counters in ``cpu.stat``, for versions 2 and 1."""


class QuotaFiles(msgspec.Struct, frozen=True, kw_only=True):
    """The quota files of one control group; a file that is absent is None."""

    group: str
    cpu_max: str | None = None
    cfs_quota_us: str | None = None
    cfs_period_us: str | None = None


class AllowedCpu(msgspec.Struct, frozen=True, kw_only=True):
    """The share of a machine's CPU that may be used."""

    cores: float
    restriction: str | None
    """The reason why this is less than the machine has; None if it is all."""

    @property
    def whole_cores(self) -> int:
        """Number of threads that it takes to use all of it."""
        return max(1, math.ceil(self.cores))


def allowed_cpu(
    *, machine_cores: int, affinity_cores: int, quotas: Sequence[QuotaFiles]
) -> AllowedCpu:
    """Return what affinity and quotas leave of a machine's cores, and name the tightest of them."""
    cores, restriction = float(machine_cores), None
    if affinity_cores < cores:
        cores = float(max(1, affinity_cores))
        restriction = (
            f"its CPU affinity allows {affinity_cores} of {counted(machine_cores, 'core')}"
        )
    for files in quotas:
        quota = quota_cores(files)
        if quota is not None and quota < cores:
            cores = quota
            restriction = (
                f"a CPU quota of control group {files.group} allows {quota:g} of "
                f"{counted(machine_cores, 'core')}"
            )
    return AllowedCpu(cores=cores, restriction=restriction)


def quota_cores(files: QuotaFiles) -> float | None:
    """Return the cores' worth of time that a group may use, or None if it has no quota."""
    quota, period = files.cfs_quota_us, files.cfs_period_us
    if files.cpu_max is not None:
        quota, _, period = files.cpu_max.strip().partition(" ")
    try:
        quota_us, period_us = int(quota or ""), int(period or "")
    except ValueError:
        return None  # "max", or no such file
    return quota_us / period_us if quota_us > 0 and period_us > 0 else None


class Throttled(msgspec.Struct, frozen=True, kw_only=True):
    """How much control groups were throttled by their quotas; None where they do not say."""

    seconds: float | None = None
    """Time for which a CPU had to leave a group alone, summed over CPUs, as the kernel counts it
    (``unthrottle_cfs_rq`` in kernel/sched/fair.c): two CPUs make two seconds of one."""
    periods: int | None = None
    """Periods in which a group was throttled for part of the period."""
    quota_periods: int | None = None
    """All periods in which a group ran and had a quota."""


def throttled_together(stats: Iterable[str | None]) -> Throttled:
    """Return the sums over several groups, any of which may be throttled now."""
    groups = [group for stat in stats if (group := throttled_from(stat)).seconds is not None]
    return Throttled(
        seconds=sum(group.seconds or 0.0 for group in groups) if groups else None,
        periods=_sum_of(group.periods for group in groups),
        quota_periods=_sum_of(group.quota_periods for group in groups),
    )


def throttled_from(stat: str | None) -> Throttled:
    """Return the counts in one ``cpu.stat``, of version 1 or 2."""
    counts = named_counts(stat, (*THROTTLED, "nr_throttled", "nr_periods"))
    times = [counts[name] * unit for name, unit in THROTTLED.items() if name in counts]
    return Throttled(
        seconds=max(times, default=None),
        periods=counts.get("nr_throttled"),
        quota_periods=counts.get("nr_periods"),
    )


def _sum_of(counts: Iterable[int | None]) -> int | None:
    known_counts = [count for count in counts if count is not None]
    return sum(known_counts) if known_counts else None


def read_allowed_cpu(root: Path = Path("/")) -> AllowedCpu:
    """Return the CPU that this process may use now."""
    affinity_cores = len(os.sched_getaffinity(0))
    return allowed_cpu(
        machine_cores=psutil.cpu_count() or affinity_cores,
        affinity_cores=affinity_cores,
        quotas=[_quota_files(group, name) for name, group in own_groups(root)],
    )


def own_groups(root: Path) -> list[tuple[str, Path]]:
    """Return the name and path of each group that limits this process's CPU, its own first."""
    return [
        (group.removeprefix(hierarchy.mount_point.rstrip("/")) or "/", directory)
        for hierarchy in own_hierarchies(root)
        for group, directory in hierarchy.directories(root)
    ]


def _quota_files(group: Path, name: str) -> QuotaFiles:
    return QuotaFiles(
        group=name,
        cpu_max=read_text(group / "cpu.max"),
        cfs_quota_us=read_text(group / "cpu.cfs_quota_us"),
        cfs_period_us=read_text(group / "cpu.cfs_period_us"),
    )

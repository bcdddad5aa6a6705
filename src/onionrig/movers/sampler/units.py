"""The processes of a run's systemd units, and the CPU time that their control groups counted.

Each unit has its own group in the run's slice. The kernel adds up in ``cpu.stat`` whatever ran in a
group, including what began and ended between two samples; ``usage_usec`` is there without any
controller (kernel: Documentation/admin-guide/cgroup-v2.rst).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.movers.sampler.host import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

MOUNTS = ("sys/fs/cgroup/unified", "sys/fs/cgroup", "sys/fs/cgroup/systemd")
"""Mount points in which systemd has its groups: of version 2 beside version 1 (a hybrid hierarchy)
or alone, and of version 1 alone, which counts no CPU time there."""
UNIT, SLICE = ".service", ".slice"
USAGE = "usage_usec"
USEC_PER_SECOND = 1e6
CPU_DIGITS = 4
"""Decimal places of the groups' CPU-seconds: the kernel counts them in microseconds."""


class UnitGroups:
    """The groups of a slice's units with a given name prefix; the rest of the name is the service.

    The slice is looked for until it exists: systemd makes it when its first unit starts.
    """

    def __init__(self, root: Path, *, slice_name: str, unit_prefix: str) -> None:
        self._root = root
        self._places = tuple(root / mount / slice_path(slice_name) for mount in MOUNTS)
        self._prefix = unit_prefix
        self._groups: dict[str, Path] = {}
        self._pids: dict[str, list[int]] = {}

    def new(self) -> Mapping[str, int]:
        """Return the main process of each unit that has one, by service."""
        self._groups = self._listed()
        self._pids = {
            service: process_ids(read_text(group / "cgroup.procs"))
            for service, group in self._groups.items()
        }
        return {service: self._main_process(pids) for service, pids in self._pids.items() if pids}

    def beside(self) -> AbstractSet[int]:
        """Return every process in the groups."""
        return {pid for pids in self._pids.values() for pid in pids}

    def group_cpu_seconds(self, service: str) -> float | None:
        """Return what a unit's group has used since it began, or None if that cannot be read."""
        group = self._groups.get(service)
        return None if group is None else cpu_seconds(read_text(group / "cpu.stat"))

    def _listed(self) -> dict[str, Path]:
        for place in self._places:
            groups = {
                path.name.removeprefix(self._prefix).removesuffix(UNIT): path
                for path in sorted(place.glob(f"*{UNIT}"))
                if path.name.startswith(self._prefix)
            }
            if groups:
                return groups
        return {}

    def _main_process(self, pids: Sequence[int]) -> int:
        """Return the process whose parent is outside the group: the one that systemd started."""
        outside = [pid for pid in pids if self._parent(pid) not in pids]
        return min(outside or pids)

    def _parent(self, pid: int) -> int | None:
        return parent_id(read_text(self._root / f"proc/{pid}/stat"))


def slice_path(name: str) -> str:
    """Return the path of a slice's group: dashes in its name nest it (systemd.slice(5))."""
    words = name.removesuffix(SLICE).split("-")
    return "/".join(f"{'-'.join(words[:depth])}{SLICE}" for depth in range(1, len(words) + 1))


def process_ids(procs: str | None) -> list[int]:
    """Return the ids in ``cgroup.procs``, one per line, without the 0 of a hidden process."""
    return [int(line) for line in (procs or "").split() if line.isdecimal() and int(line)]


def parent_id(stat: str | None) -> int | None:
    """Return a parent's process id from ``/proc/PID/stat``, where a name may hold any character."""
    fields = (stat or "").rpartition(")")[2].split()
    return int(fields[1]) if len(fields) > 1 and fields[1].isdecimal() else None


def cpu_seconds(stat: str | None) -> float | None:
    """Return the CPU-seconds of a group from its ``cpu.stat``."""
    for line in (stat or "").splitlines():
        name, _, value = line.partition(" ")
        if name == USAGE and value.strip().isdecimal():
            return round(int(value) / USEC_PER_SECOND, CPU_DIGITS)
    return None

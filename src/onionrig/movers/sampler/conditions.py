"""The conditions a machine gives its processes: memory, disk, clocks, frames, cores.

Pressure is what the kernel calls stall information (Documentation/accounting/psi.rst); kernels
without it, or started without it, have no such files.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from onionrig.movers.sampler.host import MS_PER_SECOND, named_counts, number_from, read_text
from onionrig.processes.cgroups import own_hierarchies
from onionrig.records.samples import MachineConditions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from onionrig.movers.clock import SteadyClock

USEC_PER_SECOND = 1e6
PRESSURE_DIGITS, CLOCK_DIGITS = 4, 3
READINGS = 3
"""Number of times two clocks are read; the quickest counts: a process may be held up in between."""
SELDOM_SECONDS = 4
"""Period of readings that need a file per core or control group, or that no judgement uses."""
PAGES = ("pswpin", "pswpout", "pgmajfault", "oom_kill")
OOM_FILES = ("memory.events", "memory.oom_control")
"""Files in which a control group counts kills, in versions 2 and 1."""


def pressure_seconds(text: str | None, kind: str) -> float | None:
    """Return how long threads waited (``some`` or ``full``), from a file of /proc/pressure."""
    for line in (text or "").splitlines():
        words = line.split()
        if words and words[0] == kind:
            for word in words[1:]:
                name, _, value = word.partition("=")
                if name == "total" and value.isdecimal():
                    return round(int(value) / USEC_PER_SECOND, PRESSURE_DIGITS)
    return None


def frames(softnet: str | None) -> tuple[int, int] | None:
    """Return the frames that CPUs took from their queues, and those dropped at a full queue.

    ``/proc/net/softnet_stat`` has a line for each CPU; its first two numbers are these.
    """
    try:
        lines = [line.split()[:2] for line in (softnet or "").splitlines()]
        taken = sum(int(took, base=16) for took, _ in lines)
        dropped = sum(int(lost, base=16) for _, lost in lines)
    except ValueError:
        return None
    return (taken, dropped) if lines else None


def most_kills(texts: Iterable[str | None]) -> int | None:
    """Return the highest number of out-of-memory kills that any of these groups counted.

    A group also counts the kills of the groups within it.
    """
    return max(
        (kills for text in texts for kills in named_counts(text, ("oom_kill",)).values()),
        default=None,
    )


class ConditionsReader:
    """Reads the conditions of this machine; the files that it has are looked up once."""

    def __init__(self, root: Path, clock: SteadyClock) -> None:
        self._clock = clock
        self._pressure = {
            resource: root / "proc/pressure" / resource for resource in ("cpu", "memory", "io")
        }
        self._vmstat = root / "proc/vmstat"
        self._softnet = root / "proc/net/softnet_stat"
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        self._oom_files = oom_files(root)
        self._heat = sorted(
            root.glob("sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/*_throttle_total_time_ms")
        )
        self._seldom_due_second = 0

    def read(self, second: int) -> MachineConditions:
        """Return the conditions at the end of a second."""
        memory, disk = read_text(self._pressure["memory"]), read_text(self._pressure["io"])
        pages = named_counts(read_text(self._vmstat), PAGES)
        queue = frames(read_text(self._softnet))
        due = second >= self._seldom_due_second
        if due:
            self._seldom_due_second = second + SELDOM_SECONDS
        return MachineConditions(
            wall_ahead_seconds=round(self._clock.wall_ahead_seconds(), CLOCK_DIGITS),
            suspended_seconds=round(suspended_seconds(), CLOCK_DIGITS),
            affinity_cores=len(os.sched_getaffinity(0)),
            heat_throttled_seconds=self._heat_seconds() if due else None,
            cpu_pressure_seconds=self._cpu_pressure_seconds() if due else None,
            memory_pressure_seconds=pressure_seconds(memory, "some"),
            full_memory_pressure_seconds=pressure_seconds(memory, "full"),
            disk_pressure_seconds=pressure_seconds(disk, "some"),
            full_disk_pressure_seconds=pressure_seconds(disk, "full"),
            swapped_in_bytes=self._bytes(pages.get("pswpin")),
            swapped_out_bytes=self._bytes(pages.get("pswpout")),
            major_faults=pages.get("pgmajfault"),
            oom_kills=pages.get("oom_kill"),
            group_oom_kills=self._group_kills() if due else None,
            queued_frames=None if queue is None else queue[0],
            unqueued_frames=None if queue is None else queue[1],
        )

    def _heat_seconds(self) -> float | None:
        counts = [number_from(read_text(file)) for file in self._heat]
        most = max((count for count in counts if count is not None), default=None)
        return None if most is None else most / MS_PER_SECOND

    def _cpu_pressure_seconds(self) -> float | None:
        return pressure_seconds(read_text(self._pressure["cpu"]), "some")

    def _group_kills(self) -> int | None:
        return most_kills(read_text(file) for file in self._oom_files)

    def _bytes(self, pages: int | None) -> int | None:
        return None if pages is None else pages * self._page_bytes


def oom_files(root: Path) -> list[Path]:
    """Return the files in which this process's control group, and its parents, count kills."""
    files = [
        directory / name
        for hierarchy in own_hierarchies(root, controller="memory")
        for _, directory in hierarchy.directories(root)
        for name in OOM_FILES
    ]
    return [file for file in files if file.exists()]


def suspended_seconds() -> float:
    """Return how long the machine was suspended since boot: only one of its clocks counts that."""
    return min(_clocks_apart() for _ in range(READINGS))[1]


def _clocks_apart() -> tuple[float, float]:
    """Return the time a reading took, and the suspension: the difference of the two clocks."""
    before = time.clock_gettime(time.CLOCK_MONOTONIC)
    with_suspension = time.clock_gettime(time.CLOCK_BOOTTIME)
    after = time.clock_gettime(time.CLOCK_MONOTONIC)
    return after - before, with_suspension - (before + after) / 2

"""The CPU used by processes outside the rig: what else this machine was doing.

Read every few seconds, since every process is looked at. A process that begins and ends between two
readings is not seen.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from onionrig.movers.sampler.host import read_text
from onionrig.store.whole_files import ReplacedFile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet


INTERRUPTS = "ksoftirqd/"
"""Beginning of the names of threads of the kernel that do the work of interrupts when there is a
lot of it, such as taking in what an interface received. That is nobody's work, or the rig's own,
and the kernel counts it among the machine's software interrupts too (kernel/sched/cputime.c)."""


class OutsideCpu:
    """Sums up what processes outside the rig have used since the first reading.

    A new process is counted from its second sighting, because the rig lists its own processes only
    after starting them. One that joins the rig later takes what it had counted with it. Nothing is
    counted both here and as the rig's.
    """

    def __init__(self) -> None:
        self._begun: dict[int, float] = {}
        """CPU-seconds of each process id when it began to count: 0 if it started later."""
        self._last: dict[int, float] = {}
        self._ended = 0.0
        self._read_before = False

    def take(self, used: Mapping[int, float], *, rig: AbstractSet[int]) -> float:
        """Take in a reading, CPU-seconds by process id; return the sum so far."""
        for pid in rig & self._begun.keys():
            self._forget(pid)
        for pid, last in list(self._last.items()):
            if used.get(pid, -1.0) < last:  # it has ended; its id may be another's by now
                self._ended += self._forget(pid)
        seen_before = list(self._begun)
        for pid, seconds in used.items():
            if pid not in rig:
                self._begun.setdefault(pid, 0.0 if self._read_before else seconds)
                self._last[pid] = seconds
        self._read_before = True
        return self._ended + sum(self._last[pid] - self._begun[pid] for pid in seen_before)

    def _forget(self, pid: int) -> float:
        """Return the CPU-seconds that a process had counted, and drop it."""
        return self._last.pop(pid) - self._begun.pop(pid)


def cpu_of_all() -> dict[int, float]:
    """Return the CPU-seconds of every process that runs here and may be looked at."""
    used = {}
    for process in psutil.process_iter():
        try:
            cpu = process.cpu_times()
        except psutil.Error:
            continue
        used[process.pid] = cpu.user + cpu.system
    return used


def interrupt_threads(proc: Path) -> set[int]:
    """Return the ids of the kernel's threads that do the work of interrupts, one for each CPU."""
    return {
        int(process.name)
        for process in proc.glob("[0-9]*")
        if (read_text(process / "comm") or "").startswith(INTERRUPTS)
    }


def sees_all_processes(proc: Path) -> bool:
    """Return whether other users' processes can be read (proc(5): hidepid); pid 1 is root's."""
    try:
        (proc / "1" / "stat").read_bytes()
    except OSError:
        return False
    return True


class Others:
    """CPU of the processes outside the rig; this process is inside.

    ``rig_path`` lists the rig's processes on other emulated hosts of this machine: a JSON array of
    process ids, read again whenever it changes.
    """

    def __init__(self, rig_path: Path | None = None, *, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._outside = OutsideCpu()
        self._elsewhere = ReplacedFile(rig_path, list[int]) if rig_path else None
        self._not_outside = {os.getpid(), *interrupt_threads(proc)}

    def cpu_seconds(self, ever_watched: AbstractSet[int]) -> float | None:
        """Read all processes; return what those outside have used since the first call.

        Returns None if processes of other users are hidden: the visible ones would pass for all.
        """
        if not sees_all_processes(self._proc):
            return None
        if self._elsewhere is not None:
            self._not_outside.update(self._elsewhere.new() or ())
        return self._outside.take(cpu_of_all(), rig=ever_watched | self._not_outside)

"""What the rig's processes on this host have used: CPU by thread, memory, open files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec
import psutil

from onionrig.movers.sampler.host import read_text
from onionrig.records.samples import ProcessUse
from onionrig.store.whole_files import ReplacedFile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

SECONDS_PER_NS = 1e-9
WAIT_DIGITS = 4
CPU_DIGITS = 2
"""Decimal places of recorded CPU-seconds: the kernel counts them in ticks of 0.01 s."""


class Listing(Protocol):
    """The list of processes to watch, and the counters of their control groups."""

    def new(self) -> Mapping[str, int] | None:
        """Return the process ids by service, or None if they have not changed."""
        ...

    def beside(self) -> AbstractSet[int]:
        """Return the rig's processes that are not watched themselves."""
        ...

    def group_cpu_seconds(self, service: str) -> float | None:
        """Return what a service's control group has used, or None if it has no group of its own."""
        ...


class ListFile:
    """A file that lists processes, replaced whenever one was started; they have no groups."""

    def __init__(self, path: Path) -> None:
        self._file = ReplacedFile(path, dict[str, int])

    def new(self) -> Mapping[str, int] | None:
        """Return the file's content if that is new."""
        return self._file.new()

    def beside(self) -> AbstractSet[int]:
        """Return nothing: the children of such a process are not known."""
        return frozenset()

    def group_cpu_seconds(self, service: str) -> None:
        """Return nothing: processes listed in a file share whatever group they are in."""
        del service


class Processes:
    """The watched processes, by service; the list is read again whenever it changes."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._watched: dict[str, psutil.Process] = {}
        self.ever_watched: set[int] = set()
        """Every process id that was ever the rig's, including processes that have ended."""

    def use(self) -> dict[str, ProcessUse]:
        """Return what each process has used so far; those that have ended are left out."""
        self.refresh()
        used = {}
        for name, process in list(self._watched.items()):
            try:
                used[name] = msgspec.structs.replace(
                    _use(process), cgroup_cpu_seconds=self._listing.group_cpu_seconds(name)
                )
            except psutil.NoSuchProcess:
                del self._watched[name]
        return used

    def refresh(self) -> None:
        """Read the list again if it has changed."""
        for name, pid in (self._listing.new() or {}).items():
            watched = self._watched.get(name)
            if watched is None or watched.pid != pid:
                self._watch(name, pid)
        self.ever_watched |= self._listing.beside()

    def _watch(self, name: str, pid: int) -> None:
        self.ever_watched.add(pid)
        try:
            self._watched[name] = psutil.Process(pid)
        except psutil.NoSuchProcess:
            self._watched.pop(name, None)


def _use(process: psutil.Process) -> ProcessUse:
    """Return what a process has used.

    Raises psutil.NoSuchProcess for a process that has ended, reaped or not.
    """
    with process.oneshot():
        if process.status() == psutil.STATUS_ZOMBIE:
            raise psutil.ZombieProcess(process.pid)
        cpu = process.cpu_times()
        threads = process.threads()
        rss_bytes = process.memory_info().rss
        open_files = _open_files(process)
    # the main thread, where tor does nearly all its work, has the process's id
    threads.sort(key=lambda thread: (thread.id != process.pid, thread.id))
    return ProcessUse(
        cpu_user_seconds=round(cpu.user, CPU_DIGITS),
        cpu_system_seconds=round(cpu.system, CPU_DIGITS),
        thread_cpu_seconds=tuple(
            round(thread.user_time + thread.system_time, CPU_DIGITS) for thread in threads
        ),
        rss_bytes=rss_bytes,
        open_files=open_files,
        main_thread_wait_seconds=waited_seconds(read_text(Path(f"/proc/{process.pid}/schedstat"))),
    )


def waited_seconds(schedstat: str | None) -> float | None:
    """Return how long a thread was ready and waited: the second number, in nanoseconds."""
    fields = (schedstat or "").split()
    if len(fields) < len(("ran", "waited")) or not fields[1].isdecimal():
        return None
    return round(int(fields[1]) * SECONDS_PER_NS, WAIT_DIGITS)


def _open_files(process: psutil.Process) -> int | None:
    try:
        return process.num_fds()
    except psutil.AccessDenied:
        return None

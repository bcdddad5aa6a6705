"""What the rig's processes on this host have used: CPU by thread, memory, open files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

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
        rss_bytes = process.memory_info().rss
        open_files = _open_files(process)
        threads = _threads_by_schedstat(process.pid) or _threads_by_ticks(process)
    # the main thread, where tor does nearly all its work, has the process's id
    ordered = sorted(threads, key=lambda thread: (thread != process.pid, thread))
    main = threads.get(process.pid)
    return ProcessUse(
        cpu_user_seconds=round(cpu.user, CPU_DIGITS),
        cpu_system_seconds=round(cpu.system, CPU_DIGITS),
        thread_cpu_seconds=tuple(round(threads[thread].ran, CPU_DIGITS) for thread in ordered),
        rss_bytes=rss_bytes,
        open_files=open_files,
        main_thread_wait_seconds=None if main is None else main.waited,
    )


class ThreadTimes(NamedTuple):
    """How long a thread has run, and how long it was ready and waited for a CPU, in seconds."""

    ran: float
    waited: float | None
    """None if the kernel does not report it."""


def thread_times(schedstat: str | None) -> ThreadTimes | None:
    """Return the times in a thread's ``schedstat``; None if the kernel does not report them.

    Its first two numbers are the time on a CPU and the time ready to run, in nanoseconds (Linux:
    Documentation/scheduler/sched-stats.rst); a kernel that does not count writes three zeros.
    """
    fields = (schedstat or "").split()
    if len(fields) < len(ThreadTimes._fields) or not all(map(str.isdecimal, fields[:2])):
        return None
    ran, waited = (int(field) * SECONDS_PER_NS for field in fields[:2])
    return ThreadTimes(ran, round(waited, WAIT_DIGITS)) if ran else None


def _threads_by_schedstat(pid: int) -> dict[int, ThreadTimes]:
    """Return the times of each thread; none if the kernel does not report them.

    One small file for each thread costs a fraction of what psutil's reading of ``stat`` does.
    Raises psutil.NoSuchProcess.
    """
    try:
        threads = {
            int(task.name): times
            for task in Path(f"/proc/{pid}/task").iterdir()
            if (times := thread_times(read_text(task / "schedstat")))
        }
    except (FileNotFoundError, ProcessLookupError) as error:
        raise psutil.NoSuchProcess(pid) from error
    return threads if pid in threads else {}


def _threads_by_ticks(process: psutil.Process) -> dict[int, ThreadTimes]:
    """Return how long each thread has run, in the kernel's ticks."""
    return {
        thread.id: ThreadTimes(thread.user_time + thread.system_time, None)
        for thread in process.threads()
    }


def _open_files(process: psutil.Process) -> int | None:
    """Return the number of open files, which newer kernels give as the size of a directory.

    Where the size is 0, as before Linux 6.2 (Documentation/filesystems/proc.rst), they are counted.
    """
    try:
        return Path(f"/proc/{process.pid}/fd").stat().st_size or process.num_fds()
    except (FileNotFoundError, ProcessLookupError) as error:
        raise psutil.NoSuchProcess(process.pid) from error
    except (psutil.AccessDenied, PermissionError):
        return None

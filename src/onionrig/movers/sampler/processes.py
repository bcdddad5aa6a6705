"""What the rig's processes on this host have used: CPU by thread, memory, open files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

from onionrig.records.samples import ProcessUse
from onionrig.store.whole_files import ReplacedFile

if TYPE_CHECKING:
    from pathlib import Path

CPU_DIGITS = 2
"""How finely CPU-seconds are written: the kernel counts them in ticks of 0.01 s."""


class Processes:
    """The watched processes, by service; the list is read again whenever it changes."""

    def __init__(self, path: Path) -> None:
        self._list = ReplacedFile(path, dict[str, int])
        self._watched: dict[str, psutil.Process] = {}
        self.ever_watched: set[int] = set()
        """Every process id that was in the list, also of processes that have ended."""

    def use(self) -> dict[str, ProcessUse]:
        """Return what each has used so far; one that has ended is left out."""
        self.refresh()
        used = {}
        for name, process in list(self._watched.items()):
            try:
                used[name] = _use(process)
            except psutil.NoSuchProcess:
                del self._watched[name]
        return used

    def refresh(self) -> None:
        """Read the list again if it has changed."""
        for name, pid in (self._list.new() or {}).items():
            known = self._watched.get(name)
            if known is None or known.pid != pid:
                self._watch(name, pid)

    def _watch(self, name: str, pid: int) -> None:
        self.ever_watched.add(pid)
        try:
            self._watched[name] = psutil.Process(pid)
        except psutil.NoSuchProcess:
            self._watched.pop(name, None)


def _use(process: psutil.Process) -> ProcessUse:
    """Raise psutil.NoSuchProcess for a process that has ended, reaped or not."""
    with process.oneshot():
        if process.status() == psutil.STATUS_ZOMBIE:
            raise psutil.ZombieProcess(process.pid)
        cpu = process.cpu_times()
        threads = process.threads()
        rss_bytes = process.memory_info().rss
        open_files = _open_files(process)
    # a process's id is its main thread's; where tor does nearly all its work
    threads.sort(key=lambda thread: (thread.id != process.pid, thread.id))
    return ProcessUse(
        cpu_user_seconds=round(cpu.user, CPU_DIGITS),
        cpu_system_seconds=round(cpu.system, CPU_DIGITS),
        thread_cpu_seconds=tuple(
            round(thread.user_time + thread.system_time, CPU_DIGITS) for thread in threads
        ),
        rss_bytes=rss_bytes,
        open_files=open_files,
    )


def _open_files(process: psutil.Process) -> int | None:
    try:
        return process.num_fds()
    except psutil.AccessDenied:
        return None

"""Sample once a second what the rig's processes on this host have used.

Run as ``python -m onionrig.recorder.sampler ORDERS.json``. Per-process CPU times are the ones to
trust: the machine-wide counters of ``/proc/stat`` miss much of the work on some virtual machines.
"""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil

from onionrig.recorder.clock import SteadyClock
from onionrig.recorder.entry import run_with_orders
from onionrig.recorder.jsonl import Appender
from onionrig.records.samples import HostSample, ProcessUse
from onionrig.rig.orders import SamplerOrders

if TYPE_CHECKING:
    from collections.abc import Iterator


class Processes:
    """The watched processes, by service; the list is read again whenever it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at_ns = 0
        self._watched: dict[str, psutil.Process] = {}

    def use(self) -> dict[str, ProcessUse]:
        """Return what each has used so far; one that has ended is left out."""
        self._refresh()
        return dict(self._measured())

    def _refresh(self) -> None:
        try:
            changed_ns = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return
        if changed_ns == self._read_at_ns:
            return
        self._read_at_ns = changed_ns
        pids = msgspec.json.decode(self._path.read_bytes(), type=dict[str, int])
        for name, pid in pids.items():
            known = self._watched.get(name)
            if known is None or known.pid != pid:
                self._watch(name, pid)

    def _watch(self, name: str, pid: int) -> None:
        try:
            self._watched[name] = psutil.Process(pid)
        except psutil.NoSuchProcess:
            self._watched.pop(name, None)

    def _measured(self) -> Iterator[tuple[str, ProcessUse]]:
        for name, process in list(self._watched.items()):
            try:
                with process.oneshot():
                    cpu, memory = process.cpu_times(), process.memory_info()
            except psutil.NoSuchProcess:
                del self._watched[name]
                continue
            yield (
                name,
                ProcessUse(
                    cpu_user_seconds=cpu.user,
                    cpu_system_seconds=cpu.system,
                    rss_bytes=memory.rss,
                ),
            )


def sample(second: int, clock: SteadyClock, processes: Processes) -> HostSample:
    """Take the sample that closes a second."""
    machine = psutil.cpu_times()
    idle = machine.idle + getattr(machine, "iowait", 0.0)
    return HostSample(
        second=second,
        monotonic_seconds=time.monotonic(),
        wall_seconds=clock.wall_seconds(),
        processes=processes.use(),
        machine_busy_seconds=sum(machine[:8]) - idle,
        available_memory_bytes=psutil.virtual_memory().available,
    )


def run(orders: SamplerOrders) -> None:
    """Sample until SIGTERM. Raises RunDirectoryError when a sample cannot be written."""
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    clock = SteadyClock()
    processes = Processes(Path(orders.processes_path))
    with Appender(orders.record_path) as record:
        second = clock.second()
        while signal.sigtimedwait(ends, clock.until(second + 1)) is None:
            record.append(sample(second, clock, processes))
            second = max(second + 1, clock.second())


if __name__ == "__main__":
    run_with_orders(SamplerOrders, run)

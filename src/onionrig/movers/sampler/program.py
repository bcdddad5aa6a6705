"""Sample every second what the rig's processes on this host, and the host itself, have used.

Run as ``python -m onionrig.movers.sampler.program ORDERS.json``. Trust the CPU times of processes:
the machine-wide counters of ``/proc/stat`` miss much of the work on some virtual machines.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from onionrig.movers.clock import SteadyClock
from onionrig.movers.program import run_with_orders
from onionrig.movers.sampler.allowed_cpu import own_groups, throttled_together
from onionrig.movers.sampler.board import BoardReader
from onionrig.movers.sampler.conditions import ConditionsReader
from onionrig.movers.sampler.host import Interfaces, cpu_states, read_text
from onionrig.movers.sampler.network import NetworkReader, tcp_counts
from onionrig.movers.sampler.others import Others
from onionrig.movers.sampler.processes import CPU_DIGITS, ListFile, Processes
from onionrig.movers.sampler.tors import TIME_DIGITS, TorsWatch
from onionrig.movers.sampler.units import UnitGroups
from onionrig.records.samples import HostSample
from onionrig.rig.orders import SamplerOrders
from onionrig.store.lines import Appender

if TYPE_CHECKING:
    from onionrig.movers.sampler.processes import Listing

OTHERS_EVERY_SECONDS = 5
"""Period of looking at all processes of the machine, which is too expensive for every second."""
CONDITIONS_EVERY_SECONDS = 2
"""Period of reading some ten kernel files, which would take a third of a small rig's sample."""


def run(orders: SamplerOrders) -> None:
    """Sample until SIGTERM. Raises RunDirectoryError when a sample cannot be written."""
    ends = {signal.SIGTERM, signal.SIGINT}
    # the controller's ignored signals are inherited, and an ignored signal never comes
    for number in ends:
        signal.signal(number, signal.SIG_DFL)
    # before a thread starts, so that none of them takes the signal
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    clock = SteadyClock()
    sampler = Sampler(orders, clock)
    with Appender(orders.record_path) as record, TorsWatch(orders, clock) as tors:
        second = clock.second()
        while signal.sigtimedwait(ends, clock.until(second + 1)) is None:
            record.append(sampler.sample(second))
            tors.check()
            second = max(second + 1, clock.second())


class Sampler:
    """Takes the sample that closes a second."""

    def __init__(
        self, orders: SamplerOrders, clock: SteadyClock, *, root: Path = Path("/")
    ) -> None:
        self._clock = clock
        self._processes = Processes(_listing(orders, root))
        self._others = Others(Path(orders.rig_path) if orders.rig_path else None)
        self._others_due_second = 0
        self._interfaces = Interfaces(root, orders.link_bits_per_second)
        self._quota_stats = [group / "cpu.stat" for _, group in own_groups(root)]
        self._snmp = root / "proc/net/snmp"
        self._network = NetworkReader(root)
        self._conditions = ConditionsReader(root, clock)
        self._board = BoardReader(root, vcgencmd=shutil.which("vcgencmd"))

    def sample(self, second: int) -> HostSample:
        """Return a sample; its times are those of the processes' counters, which are read first."""
        monotonic_seconds, wall_seconds = time.monotonic(), self._clock.wall_seconds()
        processes = self._processes.use()
        # reading the processes takes long on a full machine, and these counters ran on meanwhile
        cpu_monotonic_seconds, cpu = time.monotonic(), cpu_states()
        tcp = tcp_counts(read_text(self._snmp))
        due = second % CONDITIONS_EVERY_SECONDS == 0
        throttled = throttled_together(read_text(file) for file in self._quota_stats)
        return HostSample(
            second=second,
            monotonic_seconds=round(monotonic_seconds, TIME_DIGITS),
            wall_seconds=round(wall_seconds, TIME_DIGITS),
            processes=processes,
            cpu=cpu,
            cpu_monotonic_seconds=round(cpu_monotonic_seconds, TIME_DIGITS),
            others_cpu_seconds=self._others_cpu_seconds(second),
            load_average=round(os.getloadavg()[0], 2),
            available_memory_bytes=psutil.virtual_memory().available,
            interfaces=self._interfaces.use(),
            tcp_retransmitted_segments=tcp.get("RetransSegs"),
            board=self._board.read(),
            throttled_seconds=throttled.seconds,
            throttled_periods=throttled.periods,
            quota_periods=throttled.quota_periods,
            network=self._network.read(tcp) if due else None,
            conditions=self._conditions.read(second) if due else None,
        )

    def _others_cpu_seconds(self, second: int) -> float | None:
        if second < self._others_due_second:
            return None
        self._others_due_second = second + OTHERS_EVERY_SECONDS
        used = self._others.cpu_seconds(self._processes.ever_watched)
        return None if used is None else round(used, CPU_DIGITS)


def _listing(orders: SamplerOrders, root: Path) -> Listing:
    """Return the list of processes to watch: units' control groups, or else a file."""
    if orders.slice is None:
        return ListFile(Path(orders.processes_path))
    return UnitGroups(root, slice_name=orders.slice, unit_prefix=orders.unit_prefix or "")


if __name__ == "__main__":
    run_with_orders(SamplerOrders, run)

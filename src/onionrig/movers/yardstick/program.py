"""Read the yardstick: on every core before a load, on one core after another under it, and after.

Run as ``python -m onionrig.movers.yardstick.program ORDERS.json``. It reads every core as it
starts, then one round of the work on the next core every few seconds, and every core again once it
is asked to end. It takes at most half a percent of one core while the load is on.
"""

from __future__ import annotations

import itertools
import math
import os
import select
import time
from typing import TYPE_CHECKING

from onionrig.movers.clock import SteadyClock
from onionrig.movers.program import StopRequest, run_with_orders
from onionrig.movers.yardstick.work import Work, summed
from onionrig.records.yardstick.readings import YARDSTICK_VERSION, YardstickSample
from onionrig.rig.orders import YardstickOrders
from onionrig.store.lines import Appender

if TYPE_CHECKING:
    from onionrig.records.yardstick.readings import Moment

CORE_SECONDS = 0.12
"""Time for the reading of one core, unless there are so many that all would take too long."""
ALL_CORES_SECONDS = 1.5
"""Time for the reading of all cores of a host with many."""
FEWEST_ROUNDS = 2
MOST_DUTY = 0.004
"""Share of one core that the rounds under load may take."""
_BETWEEN_SAMPLES = 0.5
"""Part of a second at which a round under load begins: the host is sampled as a second begins."""
_TIME_DIGITS = 3


def run(orders: YardstickOrders) -> None:
    """Read until a signal comes. Raises RunDirectoryError when a reading cannot be written."""
    with StopRequest() as stop, Appender(orders.record_path) as record, Work() as work:
        YardstickReader(stop, record, work).run()


class YardstickReader:
    """Reads the cores that this process may run on, and leaves its own affinity as it was."""

    def __init__(self, stop: StopRequest, record: Appender, work: Work) -> None:
        self._stop = stop
        self._record = record
        self._work = work
        self._clock = SteadyClock()
        self._cores = sorted(os.sched_getaffinity(0))

    def run(self) -> None:
        """Read before, during and after."""
        round_seconds = self._every_core("before")
        every_seconds = max(1, math.ceil(round_seconds / MOST_DUTY))
        due = self._clock.second()
        for core in itertools.cycle(self._cores):
            self._read(core, "hold", seconds=0.0, fewest=1)
            due = max(due, self._clock.second()) + every_seconds
            if self._asked_to_end(due + _BETWEEN_SAMPLES):
                break
        self._every_core("after")

    def _asked_to_end(self, until_second: float) -> bool:
        """Wait until a time, or until asked to end; return whether asked."""
        while not self._stop.requested and (left := self._clock.until(until_second)):
            select.select([self._stop], [], [], left)
        return self._stop.requested

    def _every_core(self, moment: Moment) -> float:
        """Read every core, and return the longest CPU time of a round."""
        seconds = min(CORE_SECONDS, ALL_CORES_SECONDS / len(self._cores))
        return max(
            self._read(core, moment, seconds=seconds, fewest=FEWEST_ROUNDS) for core in self._cores
        )

    def _read(self, core: int, moment: Moment, *, seconds: float, fewest: int) -> float:
        """Read one core for some time, write the reading, and return the CPU time of a round."""
        try:
            os.sched_setaffinity(0, {core})
        except OSError:  # the core was taken away or switched off since
            return 0.0
        try:
            end = time.monotonic() + seconds
            if seconds:
                self._work.round()  # a core that was idle raises its clock first
            rounds = [self._work.round()]
            while len(rounds) < fewest or time.monotonic() < end:
                rounds.append(self._work.round())
        finally:
            os.sched_setaffinity(0, self._cores)
        timings = summed(rounds)
        self._record.append(
            YardstickSample(
                second=self._clock.second(),
                monotonic_seconds=round(time.monotonic(), _TIME_DIGITS),
                wall_seconds=round(self._clock.wall_seconds(), _TIME_DIGITS),
                version=YARDSTICK_VERSION,
                moment=moment,
                core=core,
                library=self._work.library,
                timings=timings,
            )
        )
        return sum(timing.cpu_seconds for timing in timings.values()) / len(rounds)


if __name__ == "__main__":
    run_with_orders(YardstickOrders, run)

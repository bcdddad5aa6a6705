"""Read the yardstick from a benchmark: its work, pinned to a core, for as long as is wanted."""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from typing import TYPE_CHECKING

from onionrig.analysis.yardstick.core_speed import part_speeds, relative_speed
from onionrig.analysis.yardstick.reference_core import REFERENCE_CORES
from onionrig.movers.yardstick.work import summed
from onionrig.records.yardstick.readings import YARDSTICK_VERSION, YardstickSample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from onionrig.movers.yardstick.work import Work


def read_core(work: Work, seconds: float) -> YardstickSample:
    """Return a reading of the core that this thread runs on; pin it before."""
    end = time.monotonic() + seconds
    work.round()  # a core that was idle raises its clock first
    rounds = [work.round()]
    while time.monotonic() < end:
        rounds.append(work.round())
    return YardstickSample(
        second=int(time.time()),
        monotonic_seconds=time.monotonic(),
        wall_seconds=time.time(),
        version=YARDSTICK_VERSION,
        moment="hold",
        core=min(os.sched_getaffinity(0)),
        library=work.library,
        timings=summed(rounds),
    )


def read_every_core(work: Work, seconds: float) -> list[YardstickSample]:
    """Return a reading of each core that this thread may use, one after another."""
    readings = []
    for core in sorted(os.sched_getaffinity(0)):
        with pinned(core):
            readings.append(read_core(work, seconds))
    return readings


@contextlib.contextmanager
def pinned(core: int) -> Iterator[None]:
    """Keep this thread, and what it starts, on a core for a block."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def speed_of(readings: Sequence[YardstickSample]) -> float:
    """Return the speed of these readings together, relative to the reference core.

    Raises ValueError if a part that counts has no reading.
    """
    speed = relative_speed(part_speeds(readings), REFERENCE_CORES[YARDSTICK_VERSION])
    if speed is None:
        raise ValueError("the yardstick's clock counted no time for a part of its work")
    return speed


def spread(values: Sequence[float], form: str) -> str:
    """Return the median of these values, and the lowest and the highest."""
    median = statistics.median(values)
    return f"{median:{form}} ({min(values):{form}} to {max(values):{form}})"

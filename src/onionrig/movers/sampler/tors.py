"""Ask the tors of this host what they have counted, while a load is held.

Beside the sampling, in a thread of its own: a tor under full load answers slowly.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from onionrig.records.samples import TorSample
from onionrig.records.schedule import Schedule
from onionrig.store.lines import Appender
from onionrig.store.replaced import ReplacedFile
from onionrig.tor.counters import counters_from
from onionrig.tor.metrics_port import answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from onionrig.movers.clock import SteadyClock
    from onionrig.records.samples import TorCounters
    from onionrig.rig.orders import MetricsEndpoint, SamplerOrders

TIME_DIGITS = 6
"""How finely times are written: microseconds."""
EVERY_SECONDS = 10
ANSWER_SECONDS = 3.0
"""How long a tor may take to answer; a busy one takes tenths of a second."""
LATE_SECONDS = 5
"""A reading that could not begin within this time of its second is left out."""


class TorsWatch:
    """Asks every tor as the schedule says, and records it; entered while the sampler samples."""

    def __init__(self, orders: SamplerOrders, clock: SteadyClock) -> None:
        self._orders = orders
        self._clock = clock
        self._loop = asyncio.new_event_loop()
        self._told_to_end = asyncio.Event()
        self._thread = concurrent.futures.ThreadPoolExecutor(max_workers=1)

    def __enter__(self) -> Self:
        self._following = self._thread.submit(self._loop.run_until_complete, self._follow())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._told_to_end.set)
        self._thread.shutdown()
        self._loop.close()
        if error is None:
            self.check()

    def check(self) -> None:
        """Raise what ended the asking before its time, such as RunDirectoryError."""
        if self._following.done():
            self._following.result()

    async def _follow(self) -> None:
        if not self._orders.tors:
            return
        file = ReplacedFile(Path(self._orders.schedule_path), Schedule)
        schedule = file.new()
        done = self._clock.second() - 1
        with Appender(self._orders.tors_record_path) as record:
            while not await self._ends_within(self._clock.until(self._clock.second() + 1)):
                second = self._clock.second()
                for due in due_seconds(schedule, after=max(done, second - LATE_SECONDS)):
                    if due <= second:
                        record.append(await self._asked_all(due))
                done = second
                # last, so that the end of a load is asked for although another is scheduled
                schedule = file.new() or schedule

    async def _ends_within(self, seconds: float) -> bool:
        try:
            return await asyncio.wait_for(self._told_to_end.wait(), seconds)
        except TimeoutError:
            return False

    async def _asked_all(self, second: int) -> TorSample:
        """Ask all tors at once; those that have not answered in time, or by our end, are null."""
        asked = {tor.name: asyncio.create_task(self._asked(tor)) for tor in self._orders.tors}
        all_asked = asyncio.create_task(asyncio.wait(asked.values(), timeout=ANSWER_SECONDS))
        told_to_end = asyncio.create_task(self._told_to_end.wait())
        await asyncio.wait([all_asked, told_to_end], return_when=asyncio.FIRST_COMPLETED)
        tasks = [all_asked, told_to_end, *asked.values()]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        return TorSample(
            second=second,
            monotonic_seconds=round(time.monotonic(), TIME_DIGITS),
            wall_seconds=round(self._clock.wall_seconds(), TIME_DIGITS),
            daemons={
                name: None if task.cancelled() else task.result() for name, task in asked.items()
            },
        )

    async def _asked(self, tor: MetricsEndpoint) -> TorCounters | None:
        try:
            metrics = await answer(tor.host, tor.port)
            return counters_from(
                metrics, read_wall_seconds=round(self._clock.wall_seconds(), TIME_DIGITS)
            )
        except (OSError, ValueError):
            return None


def due_seconds(schedule: Schedule | None, *, after: int) -> Iterator[int]:
    """Yield when tors are asked, after a second: as the hold begins, every 10 s, as it ends."""
    if schedule is not None:
        held = range(schedule.hold_second, schedule.end_second, EVERY_SECONDS)
        yield from (second for second in (*held, schedule.end_second) if second > after)

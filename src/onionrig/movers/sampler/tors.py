"""Ask the tors of this host for their counters, while a load is held.

The asking runs beside the sampling, in its own thread: a tor under full load answers slowly.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Self

from onionrig.records.samples import TorSample
from onionrig.records.streams.schedule import Schedule
from onionrig.store.lines import Appender
from onionrig.store.whole_files import ReplacedFile
from onionrig.tor.counters import counters_from
from onionrig.tor.metrics_port import fetched_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from onionrig.movers.clock import SteadyClock
    from onionrig.records.samples import TorCounters
    from onionrig.rig.orders import MetricsEndpoint, SamplerOrders

TIME_DIGITS = 6
"""Decimal places of recorded times: microseconds."""
EVERY_SECONDS = 10
ANSWER_SECONDS = 3.0
"""Deadline of a tor's answer; a busy tor takes tenths of a second."""
LATE_SECONDS = 5
"""Seconds after which a reading that could not begin on time is left out."""


class TorsWatch:
    """Asks every tor on schedule and records the answers; entered while the sampler samples."""

    def __init__(self, orders: SamplerOrders, clock: SteadyClock) -> None:
        self._orders = orders
        self._clock = clock
        self._news = threading.Condition()
        """Guards and announces what ``_follow`` waits for: an answer, or the order to end."""
        self._told_to_end = False
        self._thread = ThreadPoolExecutor(max_workers=1)

    def __enter__(self) -> Self:
        self._following = self._thread.submit(self._follow)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._news:
            self._told_to_end = True
            self._news.notify_all()
        self._thread.shutdown()
        if error is None:
            self.check()

    def check(self) -> None:
        """Raise the error that ended the asking early, such as RunDirectoryError."""
        if self._following.done():
            self._following.result()

    def _follow(self) -> None:
        if not self._orders.tors:
            return
        file = ReplacedFile(Path(self._orders.schedule_path), Schedule)
        schedule = file.new()
        last_second = self._clock.second() - 1
        with Appender(self._orders.tors_record_path) as record:
            while not self._ends_within(self._clock.until(self._clock.second() + 1)):
                second = self._clock.second()
                for due in due_seconds(schedule, after=max(last_second, second - LATE_SECONDS)):
                    if due <= second:
                        record.append(self._ask_all(due))
                last_second = second
                # last, so that the end of a load is asked for even if another is scheduled
                schedule = file.new() or schedule

    def _ends_within(self, seconds: float) -> bool:
        with self._news:
            return self._news.wait_for(lambda: self._told_to_end, seconds)

    def _ask_all(self, second: int) -> TorSample:
        """Ask all tors at once; those that have not answered in time, or by our end, are null."""
        answers = {tor.name: self._ask_in_thread(tor) for tor in self._orders.tors}
        with self._news:
            self._news.wait_for(
                lambda: self._told_to_end or all(answer.done() for answer in answers.values()),
                ANSWER_SECONDS,
            )
        return TorSample(
            second=second,
            monotonic_seconds=round(time.monotonic(), TIME_DIGITS),
            wall_seconds=round(self._clock.wall_seconds(), TIME_DIGITS),
            daemons={
                name: answer.result() if answer.done() else None for name, answer in answers.items()
            },
        )

    def _ask_in_thread(self, tor: MetricsEndpoint) -> Future[TorCounters | None]:
        """Ask one tor in a thread that nobody joins: it ends when the time for the answer is up."""
        answer: Future[TorCounters | None] = Future()

        def ask() -> None:
            try:
                answer.set_result(self._counters(tor))
            except BaseException as error:  # noqa: BLE001 - raised where the answer is taken
                answer.set_exception(error)
            with self._news:
                self._news.notify_all()

        threading.Thread(target=ask, daemon=True).start()
        return answer

    def _counters(self, tor: MetricsEndpoint) -> TorCounters | None:
        try:
            metrics = fetched_metrics(tor.host, tor.port, seconds=ANSWER_SECONDS)
            return counters_from(
                metrics, read_wall_seconds=round(self._clock.wall_seconds(), TIME_DIGITS)
            )
        except (OSError, ValueError):
            return None


def due_seconds(schedule: Schedule | None, *, after: int) -> Iterator[int]:
    """Yield the seconds to ask tors after a given one: at the hold's start, every 10 s, its end."""
    if schedule is not None:
        hold_seconds = range(schedule.hold_second, schedule.end_second, EVERY_SECONDS)
        yield from (second for second in (*hold_seconds, schedule.end_second) if second > after)

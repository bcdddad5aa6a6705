"""Dial before the load, if dials are requested: who serves, how fast, how many fail."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from onionrig.engine.base import Signal
from onionrig.experiment.names import DIALLER, LOAD_DIALLER
from onionrig.processes.together import tasks, together
from onionrig.records.events import Phase
from onionrig.records.streams.transfers import Transfer
from onionrig.rig.orders import DiallerOrders
from onionrig.units import counted, rough_duration_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from onionrig.engine.base import Engine
    from onionrig.rig.model import Rig, Service
    from onionrig.run.journal import Journal

TELL_SECONDS = 1.0
"""Seconds between two reports of progress."""
MOST_REASONS = 3


async def dial_all(engine: Engine, rig: Rig, journal: Journal) -> None:
    """Make the requested dials; failed ones are recorded and noted, but are not an error.

    Raises what ended the dialler early.
    """
    diallers = rig.own(DIALLER)
    if not diallers:
        return
    journal.phase(Phase.DIALS)
    progress = _DiallerProgress(engine, diallers)
    began_seconds = asyncio.get_running_loop().time()
    await engine.start(diallers)
    async with tasks() as group:
        report_task = group.create_task(_report_progress(progress, journal))
        await together(*(engine.finished(dialler) for dialler in diallers))
        report_task.cancel()
    journal.note(await progress.outcome_text(asyncio.get_running_loop().time() - began_seconds))


@asynccontextmanager
async def dialled_meanwhile(engine: Engine, rig: Rig) -> AsyncIterator[None]:
    """Dial at the requested interval, if there is one, while a block lasts."""
    diallers = rig.own(LOAD_DIALLER)
    await engine.start(diallers)
    yield
    await together(*(engine.end(dialler, Signal.TERMINATE) for dialler in diallers))


async def _report_progress(progress: _DiallerProgress, journal: Journal) -> None:
    while True:
        journal.waiting(await progress.waiting_text())
        await asyncio.sleep(TELL_SECONDS)


class _DiallerProgress:
    """The progress of the diallers, according to their records."""

    def __init__(self, engine: Engine, diallers: Sequence[Service]) -> None:
        self._requested_count = sum(
            dialler.orders.count or 0
            for dialler in diallers
            if isinstance(dialler.orders, DiallerOrders)
        )
        self._new_records = [engine.follow(dialler, Transfer) for dialler in diallers]
        self._dial_count = 0
        self._failures: Counter[str] = Counter()

    async def waiting_text(self) -> str:
        """Return a text about what is awaited, what is done and what failed."""
        await self._read_new_dials()
        failed_count = self._failures.total()
        dials_text = f"{counted(self._requested_count, 'dial')}; {self._dial_count} done"
        return dials_text + (f", {failed_count} failed" if failed_count else "")

    async def outcome_text(self, seconds: float) -> str:
        """Return a text about the outcome."""
        await self._read_new_dials()
        dials_text = f"{counted(self._dial_count, 'dial')} in {rough_duration_text(seconds)}"
        if not self._failures:
            return f"{dials_text}, none failed"
        most_common = self._failures.most_common(MOST_REASONS)
        reasons = ", ".join(f"{reason} ({count})" for reason, count in most_common)
        return f"{dials_text}, {self._failures.total()} failed: {reasons}"

    async def _read_new_dials(self) -> None:
        for records in self._new_records:
            for dial in await records.new():
                self._dial_count += 1
                self._failures.update([dial.reason] if dial.failed else [])

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
REASONS_TOLD = 3


async def dial_all(engine: Engine, rig: Rig, journal: Journal) -> None:
    """Make the requested dials; failed ones are recorded and noted, but are not an error.

    Raises what ended the dialler early.
    """
    diallers = rig.own(DIALLER)
    if not diallers:
        return
    journal.phase(Phase.DIALS)
    progress = _DiallerProgress(engine, diallers)
    began = asyncio.get_running_loop().time()
    await engine.start(diallers)
    async with tasks() as group:
        telling = group.create_task(_tell(progress, journal))
        await together(*(engine.finished(dialler) for dialler in diallers))
        telling.cancel()
    journal.note(await progress.account(asyncio.get_running_loop().time() - began))


@asynccontextmanager
async def dialled_meanwhile(engine: Engine, rig: Rig) -> AsyncIterator[None]:
    """Dial at the requested interval, if there is one, while a block lasts."""
    diallers = rig.own(LOAD_DIALLER)
    await engine.start(diallers)
    yield
    await together(*(engine.end(dialler, Signal.TERMINATE) for dialler in diallers))


async def _tell(progress: _DiallerProgress, journal: Journal) -> None:
    while True:
        journal.waiting(await progress.said())
        await asyncio.sleep(TELL_SECONDS)


class _DiallerProgress:
    """The progress of the diallers, according to their records."""

    def __init__(self, engine: Engine, diallers: Sequence[Service]) -> None:
        self._count = sum(
            dialler.orders.count or 0
            for dialler in diallers
            if isinstance(dialler.orders, DiallerOrders)
        )
        self._followed = [engine.follow(dialler, Transfer) for dialler in diallers]
        self._done = 0
        self._failures: Counter[str] = Counter()

    async def said(self) -> str:
        """Return a text about what is awaited, what is done and what failed."""
        await self._read_on()
        failed = self._failures.total()
        dials = f"{counted(self._count, 'dial')}; {self._done} done"
        return dials + (f", {failed} failed" if failed else "")

    async def account(self, seconds: float) -> str:
        """Return a text about the outcome."""
        await self._read_on()
        made = f"{counted(self._done, 'dial')} in {rough_duration_text(seconds)}"
        if not self._failures:
            return f"{made}, none failed"
        most = self._failures.most_common(REASONS_TOLD)
        reasons = ", ".join(f"{reason} ({count})" for reason, count in most)
        return f"{made}, {self._failures.total()} failed: {reasons}"

    async def _read_on(self) -> None:
        for followed in self._followed:
            for dial in await followed.new():
                self._done += 1
                self._failures.update([dial.reason] if dial.failed else [])

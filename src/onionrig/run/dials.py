"""Dial before the load, where dials are asked for: who serves, how fast, how many fail."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from onionrig.records.events import Phase
from onionrig.records.transfers import Transfer
from onionrig.rig.names import DIALLER, LOAD_DIALLER
from onionrig.rig.orders import DiallerOrders
from onionrig.store.lines import Tail
from onionrig.units import rough_duration_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from onionrig.engine.local.engine import LocalEngine
    from onionrig.rig.model import Service
    from onionrig.run.journal import Journal

TELL_SECONDS = 1.0
"""Between two words on how far it is."""
REASONS_TOLD = 3


async def dial_all(engine: LocalEngine, journal: Journal) -> None:
    """Make the dials that are asked for; failed ones are recorded and noted, and no error.

    Raises what ended the dialler before its time.
    """
    diallers = engine.rig.own(DIALLER)
    if not diallers:
        return
    journal.phase(Phase.DIALS)
    progress = _Progress(diallers)
    began = asyncio.get_running_loop().time()
    engine.start(diallers)
    telling = asyncio.create_task(_tell(progress, journal))
    try:
        await asyncio.gather(*(engine.fleet.finished(dialler) for dialler in diallers))
    finally:
        telling.cancel()
    journal.note(progress.account(asyncio.get_running_loop().time() - began))


@asynccontextmanager
async def dialled_meanwhile(engine: LocalEngine) -> AsyncIterator[None]:
    """Dial at the interval that is asked for, if one is, while a block lasts."""
    diallers = engine.rig.own(LOAD_DIALLER)
    engine.start(diallers)
    yield
    await asyncio.gather(*(engine.fleet.end(dialler, signal.SIGTERM) for dialler in diallers))


async def _tell(progress: _Progress, journal: Journal) -> None:
    while True:
        journal.waiting(progress.said())
        await asyncio.sleep(TELL_SECONDS)


class _Progress:
    """How far the diallers are, by what they have recorded, all in one file."""

    def __init__(self, diallers: Sequence[Service]) -> None:
        orders = [
            msgspec.json.decode(file.text, type=DiallerOrders)
            for dialler in diallers
            for file in dialler.files
        ]
        self._count = sum(each.count or 0 for each in orders)
        self._tail = Tail(orders[0].record_path, Transfer)
        self._done = 0
        self._failures: Counter[str] = Counter()

    def said(self) -> str:
        """Say what is waited for, what is done and what failed."""
        self._read_on()
        failed = self._failures.total()
        return f"{self._count} dials; {self._done} done" + (f", {failed} failed" if failed else "")

    def account(self, seconds: float) -> str:
        """Say what it came to."""
        self._read_on()
        made = f"{self._done} dials in {rough_duration_text(seconds)}"
        if not self._failures:
            return f"{made}, none failed"
        most = self._failures.most_common(REASONS_TOLD)
        reasons = ", ".join(f"{reason} ({count})" for reason, count in most)
        return f"{made}, {self._failures.total()} failed: {reasons}"

    def _read_on(self) -> None:
        for dial in self._tail.new():
            self._done += 1
            self._failures.update([dial.reason] if dial.failed else [])

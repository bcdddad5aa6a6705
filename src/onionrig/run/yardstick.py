"""Have the yardstick read before a load, at low duty while it is on, and after it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from onionrig.engine.base import Signal
from onionrig.processes.deadline import POLL_SECONDS
from onionrig.processes.together import together
from onionrig.records.yardstick.readings import YardstickSample
from onionrig.rig.model import Role

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from onionrig.engine.base import Engine
    from onionrig.rig.model import Rig
    from onionrig.run.journal import Journal

READING_SECONDS = 30.0
"""Deadline of the first readings, which take half a second on a machine that is not starved."""


@asynccontextmanager
async def yardstick_read(engine: Engine, rig: Rig, journal: Journal) -> AsyncIterator[None]:
    """Read every core before the block and after it, and now and then while it lasts.

    What is missing in the end is noted, and is no error.
    """
    yardsticks = rig.with_role(Role.YARDSTICK)
    if yardsticks:
        journal.waiting("the yardstick, which times a fixed piece of work on every core")
    unfinished = [
        (yardstick, engine.follow(yardstick, YardstickSample)) for yardstick in yardsticks
    ]
    for _, readings in unfinished:
        await readings.new()  # those of an earlier load
    await engine.start(yardsticks)
    try:
        async with asyncio.timeout(READING_SECONDS):
            while unfinished:
                yardstick, readings = unfinished[0]
                is_hold_begun = any(reading.moment == "hold" for reading in await readings.new())
                # the first reading for the hold comes once every core was read before it
                if is_hold_begun or yardstick.host in engine.lost_hosts:
                    del unfinished[0]
                else:
                    await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        late_hosts = ", ".join(yardstick.host for yardstick, _ in unfinished)
        journal.note(f"the yardstick had not read every core of {late_hosts} before the load")
    yield
    await together(*(engine.end(yardstick, Signal.TERMINATE) for yardstick in yardsticks))

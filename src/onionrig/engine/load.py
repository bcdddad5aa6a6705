"""Put the load on: fix its times, start the sink, follow it to its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from onionrig.recorder.clock import SteadyClock
from onionrig.records.events import Phase
from onionrig.records.schedule import Schedule
from onionrig.rig.model import Role

if TYPE_CHECKING:
    from onionrig.engine.journal import Journal
    from onionrig.engine.local import LocalEngine
    from onionrig.experiment.schema import Load
    from onionrig.recorder.run_directory import RunDirectory

START_SECONDS = 2
"""From fixing the times to the ramp: what a sink takes to start."""


def schedule_from(second: int, load: Load) -> Schedule:
    """Return the load's times when they are fixed within this second."""
    ramp = second + START_SECONDS
    hold = ramp + int(load.ramp)
    return Schedule(ramp_second=ramp, hold_second=hold, end_second=hold + int(load.hold))


async def put_on_load(
    engine: LocalEngine, load: Load, run_directory: RunDirectory, journal: Journal
) -> None:
    """Ramp, hold and drain. Raises what ended the sink before its time."""
    clock = SteadyClock()
    schedule = schedule_from(clock.second(), load)
    run_directory.write_schedule(schedule)
    journal.scheduled(schedule)
    sink = engine.rig.one(Role.SINK)
    engine.start([sink])
    announcing = asyncio.create_task(_announce(schedule, clock, journal))
    try:
        await engine.fleet.finished(sink)
    finally:
        announcing.cancel()
    journal.phase(Phase.DRAIN)


async def _announce(schedule: Schedule, clock: SteadyClock, journal: Journal) -> None:
    """Begin each phase in its second; these are times that were fixed, not waits for evidence."""
    for phase, second in ((Phase.RAMP, schedule.ramp_second), (Phase.HOLD, schedule.hold_second)):
        await asyncio.sleep(clock.until(second))
        journal.phase(phase)

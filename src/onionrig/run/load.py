"""Put the load on: fix its times, start the sink, follow it to its end."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import msgspec

from onionrig.experiment.schema import Load
from onionrig.movers.clock import SteadyClock
from onionrig.processes.deadline import POLL_SECONDS
from onionrig.records.events import Phase
from onionrig.records.samples import TorSample
from onionrig.records.schedule import Schedule
from onionrig.rig.model import Role
from onionrig.rig.names import tors_record
from onionrig.run.dials import dialled_meanwhile
from onionrig.run.faults import have_happen
from onionrig.run.watching import watched
from onionrig.store.lines import Tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.engine.local.engine import LocalEngine
    from onionrig.experiment.happenings import Planned
    from onionrig.rig.model import Rig
    from onionrig.run.journal import Journal
    from onionrig.store.run_directory import RunDirectory

COUNTERS_SECONDS = 6.0
"""How long to wait for the tors' counters at the end of a hold: twice what one may take."""
START_SECONDS = 2
"""From fixing the times to the ramp: what a sink takes to start."""


class PlannedLoad(msgspec.Struct, frozen=True, kw_only=True):
    """One of the loads that a rig is put under, in turn."""

    load: Load
    settings: dict[str, str] = msgspec.field(default_factory=dict)
    """What it has otherwise than the run's experiment: by ``table.key``."""


def schedule_from(second: int, load: Load) -> Schedule:
    """Return the load's times when they are fixed within this second."""
    ramp = second + START_SECONDS
    hold = ramp + int(load.ramp)
    return Schedule(
        ramp_second=ramp,
        hold_second=hold,
        end_second=hold + int(load.hold),
        streams=load.streams,
        reach=load.reach,
    )


async def put_on_load(
    engine: LocalEngine,
    planned: PlannedLoad,
    happenings: Sequence[Planned],
    run_directory: RunDirectory,
    journal: Journal,
) -> None:
    """Ramp, hold and drain, and have happen what is planned meanwhile.

    Raises what ended the sink before its time.
    """
    clock = SteadyClock()
    schedule = schedule_from(clock.second(), planned.load)
    run_directory.write_schedule(schedule)
    journal.scheduled(schedule, planned.settings)
    sinks = engine.rig.with_role(Role.SINK)
    engine.start(sinks)
    async with AsyncExitStack() as stack:
        if happenings and engine.rig.with_role(Role.BALANCER_TOR):
            await stack.enter_async_context(watched(engine.rig, journal))
        await stack.enter_async_context(dialled_meanwhile(engine))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_announce(schedule, clock, journal))
            tasks.create_task(have_happen(engine, happenings, schedule.hold_second, clock, journal))
            await asyncio.gather(*(engine.fleet.finished(sink) for sink in sinks))
    journal.held()
    journal.phase(Phase.DRAIN)
    if engine.rig.with_role(Role.BACKEND):
        await _counters_read(engine.rig, schedule, run_directory, journal)


async def _counters_read(
    rig: Rig, schedule: Schedule, run_directory: RunDirectory, journal: Journal
) -> None:
    """Wait until the tors have been asked for the hold's end, while they are still there to say."""
    names = [service.name for service in rig.with_role(Role.SAMPLER)]
    tails = [Tail(run_directory.sample_path(tors_record(name)), TorSample) for name in names]
    try:
        async with asyncio.timeout(COUNTERS_SECONDS):
            while tails:
                if any(line.second >= schedule.end_second for line in tails[0].new()):
                    del tails[0]
                else:
                    await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        journal.note(f"the tors' own counters were not read within {COUNTERS_SECONDS:.0f} s")


async def _announce(schedule: Schedule, clock: SteadyClock, journal: Journal) -> None:
    """Begin each phase in its second; these are times that were fixed, not waits for evidence."""
    for phase, second in ((Phase.RAMP, schedule.ramp_second), (Phase.HOLD, schedule.hold_second)):
        await asyncio.sleep(clock.until(second))
        journal.phase(phase)

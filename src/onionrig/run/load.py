"""Put the load on: fix its times, start the sink, follow it to its end."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from onionrig.movers.clock import SteadyClock
from onionrig.processes.deadline import POLL_SECONDS
from onionrig.processes.together import tasks, together
from onionrig.records.events import Phase
from onionrig.records.samples import TorSample
from onionrig.records.streams.schedule import Schedule
from onionrig.rig.model import Role
from onionrig.run.dials import dialled_meanwhile
from onionrig.run.faults import carry_out
from onionrig.run.follow_up import FollowUp
from onionrig.run.lost_hosts import outlived
from onionrig.run.watching import watched
from onionrig.run.yardstick import yardstick_read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.engine.base import Engine
    from onionrig.experiment.faults.base import PlannedFault
    from onionrig.experiment.loads.base import Load
    from onionrig.experiment.question import PlannedLoad
    from onionrig.rig.model import Rig
    from onionrig.run.journal import Journal

COUNTERS_SECONDS = 6.0
"""Deadline of the tors' counters at the end of a hold: twice what one may take."""


def schedule_from(second: int, load: Load, *, lead_seconds: int) -> Schedule:
    """Return the load's times, fixed within this second: the ramp is ``lead_seconds`` later."""
    ramp_second = second + lead_seconds
    hold_second = ramp_second + int(load.ramp)
    return Schedule(
        ramp_second=ramp_second,
        hold_second=hold_second,
        end_second=hold_second + int(load.hold),
        streams=load.streams_asked,
        reach=load.reached,
    )


async def put_on_load(
    engine: Engine,
    rig: Rig,
    planned_load: PlannedLoad,
    faults: Sequence[PlannedFault],
    journal: Journal,
) -> None:
    """Ramp, hold and drain, and carry out the faults in the meantime.

    A host that is lost from the yardstick's first reading to its last is journaled, and the rest
    goes on. Raises what ended the sink early, and HostLost for a host without which nothing is
    served.
    """
    clock = SteadyClock()
    with outlived(engine, rig, journal):
        async with yardstick_read(engine, rig, journal):
            schedule = schedule_from(
                clock.second(), planned_load.load, lead_seconds=engine.lead_seconds
            )
            # the engine may hand on what is known of the run by then, and this load belongs to it
            journal.scheduled(schedule, planned_load.settings)
            await engine.write_schedule(schedule)
            await _ramp_and_hold(engine, rig, schedule, faults, journal)


async def _ramp_and_hold(
    engine: Engine,
    rig: Rig,
    schedule: Schedule,
    faults: Sequence[PlannedFault],
    journal: Journal,
) -> None:
    clock = SteadyClock()
    sinks = rig.with_role(Role.SINK)
    await engine.start(sinks)
    async with AsyncExitStack() as stack:
        if faults and rig.with_role(Role.BALANCER_TOR):
            await stack.enter_async_context(watched(engine, rig, journal))
        await stack.enter_async_context(dialled_meanwhile(engine, rig))
        async with tasks() as group:
            follow_up = FollowUp(engine, journal, group)
            group.create_task(_announce_phases(schedule, clock, journal))
            group.create_task(
                carry_out(
                    engine,
                    rig,
                    faults,
                    journal,
                    follow_up,
                    until=lambda seconds: clock.until(schedule.hold_second + seconds),
                )
            )
            await together(*(engine.finished(sink) for sink in sinks))
            # sinks follow the schedule themselves; everything else that drives a load is ended
            # after it
            await asyncio.sleep(clock.until(schedule.end_second))
            follow_up.end()
    journal.held()
    journal.phase(Phase.DRAIN)
    if rig.with_role(Role.BACKEND):
        await _wait_for_counters(engine, rig, schedule, journal)


async def _wait_for_counters(
    engine: Engine, rig: Rig, schedule: Schedule, journal: Journal
) -> None:
    """Wait until the tors have been asked for the hold's end, while they are still there."""
    counters_by_host = [
        (sampler.host, engine.follow(sampler, TorSample)) for sampler in rig.with_role(Role.SAMPLER)
    ]
    try:
        async with asyncio.timeout(COUNTERS_SECONDS):
            while unread := [
                host_counters
                for host_counters in counters_by_host
                if host_counters[0] not in engine.lost_hosts
            ]:
                samples = await unread[0][1].new()
                if any(sample.second >= schedule.end_second for sample in samples):
                    counters_by_host.remove(unread[0])
                else:
                    await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        journal.note(f"the tors' own counters were not read within {COUNTERS_SECONDS:.0f} s")


async def _announce_phases(schedule: Schedule, clock: SteadyClock, journal: Journal) -> None:
    """Begin each phase in its second; these times were fixed, and are not waits for evidence."""
    for phase, second in ((Phase.RAMP, schedule.ramp_second), (Phase.HOLD, schedule.hold_second)):
        await asyncio.sleep(clock.until(second))
        journal.phase(phase)

"""Have happen to the rig what the experiment says, at its second of the hold."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, assert_never

from onionrig.experiment.happenings import OF_A_LINK
from onionrig.processes.deadline import POLL_SECONDS, deadline
from onionrig.rig.model import Role, control_path
from onionrig.tor.control import GONE, control

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from onionrig.engine.local.engine import LocalEngine
    from onionrig.experiment.happenings import Planned, Verb
    from onionrig.movers.clock import SteadyClock
    from onionrig.rig.model import Service
    from onionrig.run.journal import Journal

INSTRUMENTS = frozenset({Role.SAMPLER, Role.SINK, Role.PINGER, Role.DIALLER})
"""What the rig measures with: no host takes it along."""

CONSENSUS = "dir/status-vote/current/consensus-microdesc"
CONSENSUS_SECONDS = 30.0
"""Until a tor that was started again has read what it kept, or fetched a newer one."""


async def have_happen(
    engine: LocalEngine,
    planned: Iterable[Planned],
    hold_second: int,
    clock: SteadyClock,
    journal: Journal,
) -> None:
    """Do each thing when its time has come; from then on its end is nobody's failure."""
    for each in planned:
        await asyncio.sleep(clock.until(hold_second + each.at_seconds))
        await _do(engine, each)
        journal.happened(each)


async def _do(engine: LocalEngine, planned: Planned) -> None:
    services = engine.rig.services
    if planned.verb in OF_A_LINK:
        await _do_to_link(engine, planned)
    elif planned.of_host:
        await _do_to_host(engine, planned)
    else:
        (service,) = (service for service in services if service.name == planned.subject)
        await _do_to_services(engine, planned.verb, [service])


async def _do_to_link(engine: LocalEngine, planned: Planned) -> None:
    if planned.bits_per_second is not None:
        await engine.set_link_rate(planned.subject, planned.bits_per_second)
    else:
        await engine.set_link(planned.subject, up=planned.verb == "link_up")


async def _do_to_host(engine: LocalEngine, planned: Planned) -> None:
    host, verb = planned.subject, planned.verb
    services = [
        service
        for service in engine.rig.services
        if service.host == host and service.role not in INSTRUMENTS
    ]
    # where the power is cut nobody hears of it: what closes the sockets has no link any more
    if verb in {"kill", "start"}:
        await engine.set_link(host, up=verb == "start")
    await _do_to_services(engine, verb, services)
    if verb == "stop":
        await engine.set_link(host, up=False)


async def _do_to_services(engine: LocalEngine, verb: Verb, services: Sequence[Service]) -> None:
    match verb:
        case "kill":
            await _end(engine, services, signal.SIGKILL)
        case "stop":
            await _end(engine, services, signal.SIGTERM)
        case "start":
            await _start(engine, services)
        case "hang":
            _signal(engine, services, signal.SIGSTOP)
        case "resume":
            _signal(engine, services, signal.SIGCONT)
        case "link_down" | "link_up" | "link_rate":
            raise TypeError(f"{verb} is done to a link")
        case _:
            assert_never(verb)


async def _end(engine: LocalEngine, services: Sequence[Service], number: signal.Signals) -> None:
    await asyncio.gather(*(engine.fleet.end(service, number) for service in services))


def _signal(engine: LocalEngine, services: Sequence[Service], number: signal.Signals) -> None:
    for service in services:
        engine.fleet.signal(service, number)


async def _start(engine: LocalEngine, services: Sequence[Service]) -> None:
    """Start them in the rig's order.

    Onionbalance ends where it cannot ask its tor: it comes last, once that has the answer.
    """
    tors = [service for service in services if service.role is Role.BALANCER_TOR]
    last = [service for service in services if tors and service.role is Role.BALANCER]
    engine.start(service for service in services if service not in last)
    if last:
        await _knows_the_network(tors[0])
        engine.start(last)


async def _knows_the_network(tor: Service) -> None:
    """Wait until a tor can say what Onionbalance asks it first. Raises BringUpTimeout."""

    def subject() -> str:
        return f"{tor.name} to know a consensus again; its log: {tor.log_path}"

    async with deadline(CONSENSUS_SECONDS, subject):
        while True:
            if await _says(tor, CONSENSUS):
                return
            await asyncio.sleep(POLL_SECONDS)


async def _says(tor: Service, key: str) -> bool:
    """Return whether a tor is up, and has an answer."""
    try:
        async with control(control_path(tor)) as asked:
            return await asked.info(key) is not None
    except GONE:
        return False

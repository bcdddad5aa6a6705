"""Do to the rig what the experiment says, at its second of the hold."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, assert_never

from onionrig.engine.base import Links, Signal
from onionrig.experiment.happenings import OF_A_LINK
from onionrig.rig.model import Role, in_turns
from onionrig.run.together import together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from onionrig.engine.base import Engine
    from onionrig.experiment.happenings import Planned, Verb
    from onionrig.rig.model import Rig, Service
    from onionrig.run.journal import Journal

INSTRUMENTS = frozenset({Role.SAMPLER, Role.SINK, Role.PINGER, Role.DIALLER})
"""What the rig measures with: no host takes it along."""

STARTED_AGAIN_SECONDS = 30.0
"""Until what was started again is ready for what depends on it."""


async def have_happen(
    engine: Engine,
    rig: Rig,
    planned: Iterable[Planned],
    journal: Journal,
    *,
    until: Callable[[float], float],
) -> None:
    """Do each thing when its time has come; from then on its end is nobody's failure.

    ``until`` says how many seconds are left until so many seconds of the hold have passed.
    """
    for each in planned:
        await asyncio.sleep(until(each.at_seconds))
        await _do(engine, rig, each)
        journal.happened(each)


async def _do(engine: Engine, rig: Rig, planned: Planned) -> None:
    if planned.verb in OF_A_LINK:
        await _do_to_link(engine, planned)
    elif planned.of_host:
        await _do_to_host(engine, rig, planned)
    else:
        await _do_to_services(engine, planned.verb, [rig.named(planned.subject)])


async def _do_to_link(engine: Engine, planned: Planned) -> None:
    links = _links(engine)
    if planned.bits_per_second is not None:
        await links.set_link_rate(planned.subject, planned.bits_per_second)
    else:
        await links.set_link(planned.subject, up=planned.verb == "link_up")


async def _do_to_host(engine: Engine, rig: Rig, planned: Planned) -> None:
    host, verb = planned.subject, planned.verb
    services = [
        service
        for service in rig.services
        if service.host == host and service.role not in INSTRUMENTS
    ]
    # where the power is cut nobody hears of it: what closes the sockets has no link any more
    if verb in {"kill", "start"}:
        await _links(engine).set_link(host, up=verb == "start")
    await _do_to_services(engine, verb, services)
    if verb == "stop":
        await _links(engine).set_link(host, up=False)


async def _do_to_services(engine: Engine, verb: Verb, services: Sequence[Service]) -> None:
    match verb:
        case "kill":
            await _end(engine, services, Signal.KILL)
        case "stop":
            await _end(engine, services, Signal.TERMINATE)
        case "start":
            await start_in_turns(engine, services)
        case "hang":
            await _signal(engine, services, Signal.STOP)
        case "resume":
            await _signal(engine, services, Signal.CONTINUE)
        case "link_down" | "link_up" | "link_rate":
            raise TypeError(f"{verb} is done to a link")
        case _:
            assert_never(verb)


async def start_in_turns(engine: Engine, services: Iterable[Service]) -> None:
    """Start services; what depends on others of them starts once those are ready.

    Raises BringUpTimeout.
    """
    turns = in_turns(services)
    for turn, following in zip(turns, [*turns[1:], ()], strict=True):
        await engine.start(turn)
        needed = {name for service in following for name in service.depends}
        awaited = [service for service in turn if service.name in needed]
        await engine.ready(awaited, seconds=STARTED_AGAIN_SECONDS, tell=lambda _: None)


async def _end(engine: Engine, services: Sequence[Service], signal: Signal) -> None:
    await together(*(engine.end(service, signal) for service in services))


async def _signal(engine: Engine, services: Sequence[Service], signal: Signal) -> None:
    for service in services:
        await engine.signal(service, signal)


def _links(engine: Engine) -> Links:
    if not isinstance(engine, Links):
        raise TypeError(f"{type(engine).__name__} has no links in its hand")
    return engine

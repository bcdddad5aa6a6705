"""Carry out the faults that the experiment asks for, each at its second of the hold."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, assert_never

from onionrig.engine.base import LinkCuts, LinkRates, Reboots
from onionrig.errors import UsageError
from onionrig.experiment.faults.base import Scope
from onionrig.experiment.faults.registry import FAULTS
from onionrig.experiment.faults.steps import (
    Capability,
    EndServices,
    RebootHost,
    SetLink,
    SetLinkRate,
    StartServices,
    TellServices,
)
from onionrig.processes.together import together
from onionrig.rig.model import Role, in_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from onionrig.engine.base import Engine
    from onionrig.experiment.faults.base import PlannedFault
    from onionrig.experiment.faults.steps import AnyStep
    from onionrig.rig.model import Rig, Service
    from onionrig.run.follow_up import FollowUp
    from onionrig.run.journal import Journal

INSTRUMENTS = frozenset({Role.SAMPLER, Role.SINK, Role.PINGER, Role.DIALLER, Role.YARDSTICK})
"""Roles that the rig measures with, which do not go down with a host."""

STARTED_AGAIN_SECONDS = 30.0
"""Deadline for restarted services to be ready for those that depend on them."""

PROTOCOLS: dict[Capability, type] = {
    Capability.LINKS: LinkCuts,
    Capability.LINK_RATES: LinkRates,
    Capability.REBOOTS: Reboots,
}
"""Protocol of an engine that can do what a step needs, by capability."""


def refuse_undoable(faults: Iterable[PlannedFault], capabilities: Collection[type]) -> None:
    """Raise UsageError for a fault with a step that an engine of these capabilities cannot take."""
    for planned_fault in faults:
        for step in FAULTS[planned_fault.verb].steps[planned_fault.scope]:
            if step.needs is not None and PROTOCOLS[step.needs] not in capabilities:
                raise UsageError(
                    f"{planned_fault.text}: the hosts of this run cannot {step.needs}; leave this "
                    "event out, or have something done to a service"
                )


async def carry_out(  # noqa: PLR0913 - what is done, to what, when, and who is told
    engine: Engine,
    rig: Rig,
    faults: Iterable[PlannedFault],
    journal: Journal,
    follow_up: FollowUp,
    *,
    until: Callable[[float], float],
) -> None:
    """Carry out each fault at its time; an end that it causes is not a failure.

    Services that a fault brings back are followed up. ``until`` returns the seconds left until the
    hold has lasted for a given number of seconds.
    """
    for planned_fault in faults:
        await asyncio.sleep(until(planned_fault.at_seconds))
        fault, services = FAULTS[planned_fault.verb], _services(rig, planned_fault)
        for step in fault.steps[planned_fault.scope]:
            await _take_step(step, engine, planned_fault, services)
        journal.happened(planned_fault)
        if fault.brings_back:
            follow_up.look_at(services)


def _services(rig: Rig, planned_fault: PlannedFault) -> list[Service]:
    """Return the services that a fault is done to; none if it is done only to a link."""
    match planned_fault.scope:
        case Scope.SERVICE:
            return [rig.named(planned_fault.subject)]
        case Scope.HOST:
            return [
                service
                for service in rig.services
                if service.host == planned_fault.subject and service.role not in INSTRUMENTS
            ]
        case Scope.LINK:
            return []
        case _:
            assert_never(planned_fault.scope)


async def _take_step(
    step: AnyStep, engine: Engine, planned_fault: PlannedFault, services: Sequence[Service]
) -> None:
    match step:
        case EndServices(signal=signal):
            await together(*(engine.end(service, signal) for service in services))
        case TellServices(signal=signal):
            for service in services:
                await engine.signal(service, signal)
        case StartServices():
            await start_in_turns(engine, services)
        case SetLink(up=up):
            await _link_cuts(engine).set_link(planned_fault.subject, up=up)
        case SetLinkRate():
            await _link_rates(engine).set_link_rate(planned_fault.subject, _rate(planned_fault))
        case RebootHost():
            await _reboots(engine).reboot(planned_fault.subject)
        case _:
            assert_never(step)


async def start_in_turns(engine: Engine, services: Iterable[Service]) -> None:
    """Start services; one that ends without another of them starts once that one answers.

    Raises BringUpTimeout.
    """
    turns = in_turns(services)
    for turn, next_turn in zip(turns, [*turns[1:], ()], strict=True):
        await engine.start(turn)
        needed_names = {name for service in next_turn for name in service.ends_without}
        needed_services = [service for service in turn if service.name in needed_names]
        await engine.ready(
            needed_services, seconds=STARTED_AGAIN_SECONDS, tell=lambda _: None, to_answer=True
        )


def _link_cuts(engine: Engine) -> LinkCuts:
    if not isinstance(engine, LinkCuts):
        raise TypeError(f"{type(engine).__name__} has no links in its hand")
    return engine


def _link_rates(engine: Engine) -> LinkRates:
    if not isinstance(engine, LinkRates):
        raise TypeError(f"{type(engine).__name__} cannot change the rates of links")
    return engine


def _reboots(engine: Engine) -> Reboots:
    if not isinstance(engine, Reboots):
        raise TypeError(f"{type(engine).__name__} cannot reboot its hosts")
    return engine


def _rate(planned_fault: PlannedFault) -> float:
    if planned_fault.bits_per_second is None:
        raise TypeError(f"{planned_fault.text} gives the link no rate")
    return planned_fault.bits_per_second

"""The faults of an experiment in order, and whether each can be done when its time comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.experiment.faults.base import PlannedFault, Scope, State
from onionrig.experiment.faults.registry import FAULTS
from onionrig.experiment.faults.steps import Capability
from onionrig.experiment.keys import scaled_link_rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from onionrig.experiment.faults.base import AskedFault
    from onionrig.experiment.schema import Experiment
    from onionrig.units import BitsPerSecond


def planned_faults(experiment: Experiment) -> tuple[PlannedFault, ...]:
    """Return the faults in the order in which they are done; simultaneous ones in file order."""
    faults = (_planned_fault(experiment, asked_fault) for asked_fault in experiment.faults)
    return tuple(sorted(faults, key=lambda fault: fault.at_seconds))


def cut_off(experiment: Experiment, host: str) -> PlannedFault | None:
    """Return the first fault that cuts a host's link, or None."""
    return next(
        (
            fault
            for fault in planned_faults(experiment)
            if fault.subject == host
            and any(
                step.needs is Capability.LINKS for step in FAULTS[fault.verb].steps[fault.scope]
            )
        ),
        None,
    )


def fastest_rate(experiment: Experiment, host: str) -> BitsPerSecond | None:
    """Return the highest scaled rate that a fault gives a host's link, or None if none does."""
    rates = (
        _rate(experiment, asked_fault)
        for asked_fault in experiment.faults
        if asked_fault.subject == host
    )
    return max((rate for rate in rates if rate is not None), default=None)


def out_of_turn(
    faults: Iterable[PlannedFault], hosts: Mapping[str, str]
) -> tuple[PlannedFault, str] | None:
    """Return the first fault that its subject's state by then does not allow, and why.

    ``hosts`` maps each service that faults can be done to to its host.
    """
    states: dict[str, State] = {}
    for planned in faults:
        fault = FAULTS[planned.verb]
        host = hosts.get(planned.subject, "")
        if (around := states.get(host, State.RUNS)) in {State.HANGS, State.ENDED, State.REBOOTED}:
            return planned, f"its host {host} {around}"
        state = states.get(planned.subject, State.RUNS)
        if state not in fault.before:
            return planned, f"{planned.subject} {state}"
        states[planned.subject] = fault.turned(state)
        if planned.scope is Scope.HOST:
            for service in (name for name, host in hosts.items() if host == planned.subject):
                states[service] = fault.turned(states.get(service, State.RUNS))
    return None


def _planned_fault(experiment: Experiment, asked_fault: AskedFault) -> PlannedFault:
    rate = _rate(experiment, asked_fault)
    return PlannedFault(
        at_seconds=asked_fault.at,
        verb=asked_fault.verb,
        subject=asked_fault.subject,
        scope=_scope(experiment, asked_fault),
        bits_per_second=None if rate is None else float(rate),
    )


def _scope(experiment: Experiment, asked_fault: AskedFault) -> Scope:
    if FAULTS[asked_fault.verb].is_of_link:
        return Scope.LINK
    hosts = {host.name for host in experiment.hosts}
    return Scope.HOST if asked_fault.subject in hosts else Scope.SERVICE


def _rate(experiment: Experiment, asked_fault: AskedFault) -> BitsPerSecond | None:
    rate = FAULTS[asked_fault.verb].rate(asked_fault)
    return None if rate is None else scaled_link_rate(rate, experiment.emulation.scale)

"""Checks that the faults of an experiment must pass, each with the reason."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from onionrig.experiment.faults.base import Scope
from onionrig.experiment.faults.planned import out_of_turn, planned_faults
from onionrig.experiment.faults.registry import FAULTS
from onionrig.experiment.placement import faulted_services

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from onionrig.experiment.faults.base import AskedFault
    from onionrig.experiment.schema import Experiment, HostRole


def wrong_faults(experiment: Experiment) -> str | None:
    """Explain what is wrong with the faults, or return None."""
    services = faulted_services(experiment)
    for number, asked_fault in enumerate(experiment.faults, start=1):
        if wrong := _wrong(experiment, asked_fault, services):
            return f"faults, number {number}: {wrong}"
    if misplaced := out_of_turn(planned_faults(experiment), services):
        planned, state = misplaced
        return f"{planned.text}: {state} at that time"
    return None


def _wrong(
    experiment: Experiment, asked_fault: AskedFault, services: Mapping[str, str]
) -> str | None:
    if asked_fault.at >= experiment.load.hold:
        return f"at = {asked_fault.at}: the hold ends after {experiment.load.hold} (load.hold)"
    hosts = {host.name: host.roles for host in experiment.hosts}
    return (
        _unknown(asked_fault, services, hosts)
        or FAULTS[asked_fault.verb].wrong(asked_fault, experiment.emulation.scale)
        or _untouchable(asked_fault, hosts, services)
    )


def _unknown(
    asked_fault: AskedFault, services: Collection[str], hosts: Collection[str]
) -> str | None:
    """Explain why the fault cannot be done to its subject, or return None."""
    fault = FAULTS[asked_fault.verb]
    of_services, of_hosts = Scope.SERVICE in fault.steps, set(fault.steps) != {Scope.SERVICE}
    names = [*(services if of_services else ()), *(hosts if of_hosts else ())]
    if asked_fault.subject in names:
        return None
    if asked_fault.subject in hosts:
        return f"{asked_fault.text}: it is done to a service, and {asked_fault.subject} is a host"
    kinds = ["service"] if of_services else []
    if of_hosts and (hosts or not of_services):
        kinds.append("host")
    if asked_fault.subject in services and not fault.is_of_link:
        return f"{asked_fault.text}: it is done to a host, and {asked_fault.subject} is a service"
    hint = "there is none on this side"
    if not of_services:
        hint = (
            "only emulated hosts have links ([[hosts]])"
            if fault.is_of_link
            else "everything runs on this machine"
        )
    close = difflib.get_close_matches(asked_fault.subject.casefold(), names, n=1)
    if names:
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
    return f"{asked_fault.text}: no such {' or '.join(kinds)}; {hint}"


def _untouchable(
    asked_fault: AskedFault, hosts: Mapping[str, Collection[HostRole]], services: Mapping[str, str]
) -> str | None:
    """Explain that a host generates the load or runs only a sampler, or return None."""
    fault, host = FAULTS[asked_fault.verb], asked_fault.subject
    if host not in hosts or fault.is_of_link:
        return None
    if "client" in hosts[host] and fault.after is not None:
        word = "end" if fault.ends_process else "stand still"
        return (
            f"{asked_fault.text}: it has the role client, and the load itself, which comes from "
            f"there, would {word} with it; a single client tor may be named, or its link"
        )
    if host not in services.values():
        return f"{asked_fault.text}: no service of this experiment is on it"
    return None

"""The answer for one kind of hardware, in figures and in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.plan.address import PlannedAddress
from onionrig.plan.bill import bill
from onionrig.plan.capacity import capacity
from onionrig.plan.hosts import Lacking
from onionrig.plan.impossible import NAMED, nearest
from onionrig.records.plan import HardwarePlan, HostsNeeded, Input
from onionrig.units import rate_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from onionrig.plan.hosts import PlannedHost
    from onionrig.plan.question import Candidate, PlanQuestion
    from onionrig.plan.reference import Reference
    from onionrig.records.plan import Projection, Range

TIMES = "\u00d7"

LEAST_DRAWN = 10
"""Fewest hosts that the curve extends to, so that a reader sees where it bends."""


def answer(
    candidate: Candidate,
    host: PlannedHost | Lacking,
    question: PlanQuestion,
    reference: Reference,
    round_trip: Input,
) -> HardwarePlan:
    """Return the plan for one kind of hardware."""
    if isinstance(host, Lacking):
        return HardwarePlan(
            hardware=candidate.id,
            name=host.name,
            possible=False,
            answer=f"{host.name}: {host.sentence}",
        )
    host_capacity = capacity(host, reference, question.scale)
    address = PlannedAddress(
        question=question, reference=reference, host=host_capacity, round_trip=round_trip
    )
    hosts, needed = _hosts(address, question)
    inputs = _distinct(
        (
            *host_capacity.inputs,
            reference.client_cost,
            reference.relay_cost,
            reference.stream_bits_per_second,
            round_trip,
        )
    )
    if hosts is None or not address.serves(hosts).likely:
        return HardwarePlan(
            hardware=candidate.id,
            name=host.name,
            possible=False,
            answer=nearest(address),
            curve=_curve(address, address.most_hosts),
            inputs=inputs,
        )
    constraints = address.constraints(hosts)
    return HardwarePlan(
        hardware=candidate.id,
        name=host.name,
        possible=True,
        answer=_sentence(address, host.name, hosts),
        hosts_needed=needed,
        bill=bill(address, candidate.board, hosts),
        projected_bits_per_second=address.serves(hosts),
        binding=constraints[0],
        next_binding=constraints[1],
        constraints=constraints,
        curve=_curve(address, max(2 * hosts, LEAST_DRAWN)),
        inputs=inputs,
    )


def _hosts(
    address: PlannedAddress, question: PlanQuestion
) -> tuple[int | None, HostsNeeded | None]:
    """Return the number of hosts planned: the one asked for, or the fewest likely to be enough."""
    wanted_rate = question.wanted_bits_per_second
    if wanted_rate is None:
        hosts = question.hosts
        return (hosts if hosts is not None and hosts <= address.most_hosts else None), None
    likely = _fewest(address, wanted_rate, lambda served: served.likely)
    if likely is None:
        return None, None
    return likely, HostsNeeded(
        fewest=_fewest(address, wanted_rate, lambda served: served.highest) or likely,
        likely=likely,
        most=_fewest(address, wanted_rate, lambda served: served.lowest),
    )


def _fewest(
    address: PlannedAddress, wanted_rate: float, end: Callable[[Range], float]
) -> int | None:
    return next(
        (
            hosts
            for hosts in range(1, address.most_hosts + 1)
            if end(address.serves(hosts)) >= wanted_rate
        ),
        None,
    )


def _sentence(address: PlannedAddress, name: str, hosts: int) -> str:
    question, served = address.question, address.serves(hosts)
    binding, after = address.constraints(hosts)[:2]
    instances = address.instances_of(hosts)
    number = (
        f"{min(instances)} to {max(instances)}" if min(instances) < max(instances) else instances[0]
    )
    suffix = " each" if hosts > 1 else ""
    rig = (
        f"{hosts} {TIMES} {name} with {number} backend instance{'' if number == 1 else 's'}{suffix}"
    )
    served_text = (
        f"{rate_text(served.likely)} sustained ({rate_text(served.lowest)} to "
        f"{rate_text(served.highest)}); the bottleneck is {NAMED[binding.kind]}, and the next one "
        f"would be {NAMED[after.kind]}, at {rate_text(after.goodput_bits_per_second.likely)}"
    )
    if question.target_bits_per_second is None:
        return f"{rig} would serve {served_text}"
    beyond = f" with {100 * question.headroom:.3g} % to spare" if question.headroom else ""
    return f"{rate_text(question.target_bits_per_second)}{beyond} takes {rig}: {served_text}"


def _curve(address: PlannedAddress, most: int) -> tuple[Projection, ...]:
    return tuple(address.projection(hosts) for hosts in range(1, min(most, address.most_hosts) + 1))


def _distinct(inputs: tuple[Input, ...]) -> tuple[Input, ...]:
    return tuple(dict.fromkeys(inputs))

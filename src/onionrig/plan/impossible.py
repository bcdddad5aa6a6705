"""Explain why a question has no answer, and name the nearest one that has."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from onionrig.units import counted, rate_text

if TYPE_CHECKING:
    from onionrig.plan.address import PlannedAddress
    from onionrig.plan.question import PlanQuestion
    from onionrig.records.plan import ConstraintKind


NAMED: dict[ConstraintKind, str] = {
    "NIC": "the hosts' links",
    "CPU": "the hosts' CPUs",
    "memory": "the hosts' memory",
    "introduction points": "the introduction points of the address",
    "windows": "the streams' windows",
}
"""Names of the limits in a sentence."""


def nearest(address: PlannedAddress) -> str:
    """Explain why a question has no answer, and name the nearest one that has."""
    question = address.question
    if not address.host.most_by_memory:
        return "its memory does not hold a single backend instance beside the system"
    if not address.host.cpu.likely:
        return "its CPU would be taken by the sampler alone"
    if question.hosts is not None:
        return _too_many(address, question.hosts)
    return _out_of_reach(address)


def _too_many(address: PlannedAddress, hosts: int) -> str:
    question = address.question
    most = address.most_hosts
    reason = (
        f"{hosts} hosts need as many backend instances, and the {question.balancer} balancer holds "
        f"{most} behind one address"
    )
    wider = _with(address, balancer="extended")
    if question.balancer == "stock" and hosts <= wider.most_hosts:
        served = wider.serves(hosts)
        return f"{reason}; with --balancer extended they would serve {rate_text(served.likely)}"
    served = address.serves(most)
    return f"{reason}; {most} hosts would serve {rate_text(served.likely)}"


def _out_of_reach(address: PlannedAddress) -> str:
    wanted_rate = address.question.wanted_bits_per_second or 0.0
    best = _best(address)
    at_best = address.serves(best)
    binding = address.constraints(best)[0]
    reason = (
        f"no number of hosts reaches {rate_text(wanted_rate)}{_with_headroom(address.question)}: "
        f"{counted(best, 'host')} would serve the most, {rate_text(at_best.likely)}, and the "
        f"bottleneck is {NAMED[binding.kind]}"
    )
    if binding.kind != "windows":
        reason += (
            f", because the {address.question.balancer} balancer holds {address.most_hosts} "
            "instances"
        )
    way = _first_that_works(address, wanted_rate)
    if way is None:
        return f"{reason}; several addresses would share the load, or faster hosts of another kind"
    options, hosts, served = way
    return f"{reason}; with {options}, {counted(hosts, 'host')} would serve {rate_text(served)}"


def _with_headroom(question: PlanQuestion) -> str:
    """Explain why the wanted rate is higher than the target, if it is."""
    if not question.headroom or question.target_bits_per_second is None:
        return ""
    return f" (the target with {100 * question.headroom:.3g} % to spare)"


def _first_that_works(address: PlannedAddress, wanted_rate: float) -> tuple[str, int, float] | None:
    """Return the smallest change that reaches the rate, with its hosts and rate, or None."""
    question = address.question
    ways: list[tuple[str, PlannedAddress, float]] = []
    if question.streams is not None:
        stream_rate, _ = address.stream_rate()
        streams = math.ceil(wanted_rate / stream_rate.likely)
        if streams > question.streams:
            ways.append((f"--streams {streams}", _with(address, streams=streams), wanted_rate))
    if question.balancer == "stock":
        ways.append(("--balancer extended", _with(address, balancer="extended"), wanted_rate))
    target = question.target_bits_per_second
    if question.headroom and target is not None:
        ways.append(("--headroom 0%", address, target))
        if question.balancer == "stock":
            both = "--balancer extended and --headroom 0%"
            ways.append((both, _with(address, balancer="extended"), target))
    for options, other, rate in ways:
        for hosts in range(1, other.most_hosts + 1):
            served = other.serves(hosts).likely
            if served >= rate:
                return options, hosts, served
    return None


def _best(address: PlannedAddress) -> int:
    """Return the fewest hosts that serve as much as any number of hosts does."""
    return max(
        range(1, address.most_hosts + 1), key=lambda hosts: (address.serves(hosts).likely, -hosts)
    )


def _with(address: PlannedAddress, **changes: str | int) -> PlannedAddress:
    question: PlanQuestion = msgspec.structs.replace(address.question, **changes)
    return msgspec.structs.replace(address, question=question)

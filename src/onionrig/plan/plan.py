"""Compute a plan from a question: a pure function, in one direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.errors import UsageError
from onionrig.plan.answer import answer
from onionrig.plan.assumptions import assumptions
from onionrig.plan.hosts import host_of
from onionrig.plan.inputs import asked_input
from onionrig.records.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.plan.question import Candidate, PlannedBalancer, PlanQuestion
    from onionrig.plan.reference import Reference


def plan_for_either_balancer(  # noqa: PLR0913 - as plan
    question: PlanQuestion,
    candidates: Sequence[Candidate],
    reference: Reference,
    *,
    made: str,
    version: str,
    command: Sequence[str] = (),
) -> Plan:
    """Return a plan with stock Onionbalance if it is enough, or else with the extended balancer.

    Stock Onionbalance is enough if it reaches the target on every kind of hardware that can reach
    it, or if the extended balancer would not serve more from the same hosts. Raises UsageError as
    ``plan`` does.
    """

    def plan_with(balancer: PlannedBalancer) -> Plan:
        return plan(
            msgspec.structs.replace(question, balancer=balancer),
            candidates,
            reference,
            made=made,
            version=version,
            command=command,
        )

    stock = plan_with("stock")
    if stock.target_bits_per_second is not None and _served(stock) == len(stock.hardware):
        return stock
    extended = plan_with("extended")
    if _served(extended) <= _served(stock):
        return stock
    return msgspec.structs.replace(
        extended, stock_answers=tuple(hardware.answer for hardware in stock.hardware)
    )


def _served(plan: Plan) -> float:
    """Return how many kinds reach the target, or the sum of what they serve without a target."""
    if plan.target_bits_per_second is not None:
        return sum(hardware.possible for hardware in plan.hardware)
    rates = (hardware.projected_bits_per_second for hardware in plan.hardware)
    return sum(rate.likely for rate in rates if rate is not None)


def plan(  # noqa: PLR0913 - question, hardware, measurement; when, by which version and command
    question: PlanQuestion,
    candidates: Sequence[Candidate],
    reference: Reference,
    *,
    made: str,
    version: str,
    command: Sequence[str] = (),
) -> Plan:
    """Return a plan for each candidate. Raises UsageError if the question makes no sense."""
    if (question.target_bits_per_second is None) == (question.hosts is None):
        raise UsageError("give either a target rate or a number of hosts")
    if not candidates:
        raise UsageError("no hardware to plan for: give --hardware or --probe")
    round_trip = reference.round_trip_seconds
    if question.round_trip_seconds is not None:
        round_trip = asked_input("round trip", question.round_trip_seconds, "s", "--round-trip")
    kinds = [(candidate, host_of(candidate, question, reference)) for candidate in candidates]
    return Plan(
        made=made,
        onionrig=version,
        target_bits_per_second=question.target_bits_per_second,
        headroom=question.headroom,
        mode=question.mode,
        balancer=question.balancer,
        round_trip_seconds=round_trip.value,
        measurement=reference.sentence,
        assumptions=assumptions(question, reference, [host for _, host in kinds]),
        hardware=tuple(
            answer(candidate, host, question, reference, round_trip) for candidate, host in kinds
        ),
        command=tuple(command),
        run_doubts=reference.doubts,
    )

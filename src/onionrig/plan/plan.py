"""Answer what it would take: one way from the question to a plan, pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.errors import UsageError
from onionrig.plan.answer import answer
from onionrig.plan.assumptions import assumptions
from onionrig.plan.hosts import host_of
from onionrig.plan.inputs import asked
from onionrig.records.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.plan.question import Candidate, Question
    from onionrig.plan.reference import Reference


def plan(  # noqa: PLR0913 - question, hardware, measurement; when, by which version and command
    question: Question,
    candidates: Sequence[Candidate],
    reference: Reference,
    *,
    made: str,
    version: str,
    command: Sequence[str] = (),
) -> Plan:
    """Plan for each candidate. Raises UsageError where the question cannot be asked at all."""
    if (question.target_bits_per_second is None) == (question.hosts is None):
        raise UsageError("give either a target rate or a number of hosts")
    if not candidates:
        raise UsageError("no hardware to plan for: give --hardware or --probe")
    round_trip = reference.round_trip_seconds
    if question.round_trip_seconds is not None:
        round_trip = asked("round trip", question.round_trip_seconds, "s", "--round-trip")
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
    )

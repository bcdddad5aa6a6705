"""The assumptions of a plan, each in a sentence that says what would follow if it were wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.plan.hosts import PlannedHost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.plan.hosts import Lacking
    from onionrig.plan.question import PlanQuestion
    from onionrig.plan.reference import Reference

ALWAYS = (
    (
        "Relays and clients are elsewhere and fast enough. On the public Tor network the guards "
        "and middle relays that backend instances happen to use may be the bottleneck; nothing of "
        "that is measured here."
    ),
    (
        "Streams spread over all instances. Clients choose at random, so with few streams some "
        "hosts idle while others are full."
    ),
    "What connects the hosts (switch, uplink, router) carries the sum of their links.",
    (
        "A core keeps its clock: boards that get hot or lack power slow down (a Raspberry Pi "
        "from 80 °C); `onionrig probe` shows it."
    ),
    (
        "What a real network interface costs in interrupts is not counted, beyond what emulated "
        "links cost over loopback."
    ),
    (
        "Costs are of tors with much to do. A tor with little to do takes more CPU time for the "
        "same bytes, but then its CPU is not the bottleneck."
    ),
    "Prices are of boards alone: no switch, power supply, card or case.",
)


def assumptions(
    question: PlanQuestion, reference: Reference, hosts: Sequence[PlannedHost | Lacking]
) -> tuple[str, ...]:
    """Return the assumptions of a plan."""
    sentences = [*ALWAYS, *_capitalised(reference.remarks)]
    if question.streams is None:
        sentences.append(
            "There are as many streams as it takes; with --streams N, windows are a constraint."
        )
    if question.balancer == "extended" and question.round_trip_seconds is not None:
        sentences.append(
            "Under congestion control a stream's rate over a longer round trip was not measured: "
            "it is taken to be what it was."
        )
    if question.scale != 1:
        sentences.append(f"Links and cores are multiplied by {question.scale:g}.")
    for host in hosts:
        if isinstance(host, PlannedHost):
            sentences += _capitalised(host.remarks)
    return tuple(dict.fromkeys(sentences))


def _capitalised(sentences: Sequence[str]) -> list[str]:
    return [f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences]

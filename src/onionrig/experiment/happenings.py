"""What happens to the rig in the hold: which verb, to what, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import msgspec

from onionrig.experiment.hosts import scaled_rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from onionrig.experiment.schema import Experiment, Happening
    from onionrig.units import BitsPerSecond

Verb = Literal["kill", "stop", "start", "hang", "resume", "link_down", "link_up", "link_rate"]
VERBS: tuple[Verb, ...] = get_args(Verb)
ENDING: frozenset[str] = frozenset({"kill", "stop"})
"""After these there is no process."""
LEAVING = ENDING | {"hang", "link_down"}
"""After these a service answers nobody, until the opposite is done."""
RETURNING: frozenset[str] = frozenset({"start", "resume", "link_up"})
"""The opposites."""
OF_A_LINK: frozenset[str] = frozenset({"link_down", "link_up", "link_rate"})
"""These are done to the link of an emulated host; the others to a service, or to a host whole."""


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happens."""

    at_seconds: float
    """From the beginning of the hold."""
    verb: Verb
    subject: str
    """A service of the rig, or an emulated host."""
    of_host: bool = False
    """Whether it is a host."""
    bits_per_second: float | None = None
    """What a link carries from then on, each way, scaled; of ``link_rate`` alone."""


def verbs_said(happening: Happening) -> dict[Verb, str]:
    """Return what an event says is done, by verb: to whom."""
    said = {verb: getattr(happening, verb) for verb in VERBS}
    return {verb: subject for verb, subject in said.items() if subject is not None}


def planned(experiment: Experiment) -> tuple[Planned, ...]:
    """Return what happens, in its order; each is checked to have one verb."""
    several = (_planned(experiment, each) for each in experiment.events)
    return tuple(sorted(several, key=lambda each: each.at_seconds))


def fastest_rate(experiment: Experiment, host: str) -> BitsPerSecond | None:
    """Return the highest rate that an event gives a host's link, scaled; None without any."""
    rates = (
        scaled_rate(experiment, each.rate)
        for each in experiment.events
        if each.link_rate == host and each.rate is not None
    )
    return max(rates, default=None)


RUNS, HANGS, ENDED, CUT_OFF = "runs", "hangs", "has ended", "is cut off"
_TURNS: dict[Verb, tuple[tuple[str, ...], str | None]] = {
    "kill": ((RUNS, HANGS), ENDED),
    "stop": ((RUNS, HANGS), ENDED),
    "start": ((ENDED,), RUNS),
    "hang": ((RUNS,), HANGS),
    "resume": ((HANGS,), RUNS),
    "link_down": ((RUNS,), CUT_OFF),
    "link_up": ((CUT_OFF,), RUNS),
    "link_rate": ((RUNS, HANGS, ENDED, CUT_OFF), None),
}
"""How a service or a host must be, and how it is afterwards: as before, where nothing is said."""


def turned(state: str, verb: Verb) -> str:
    """Return how a service is after something was done to it or, with others, to its host."""
    possible, becomes = _TURNS[verb]
    return becomes if state in possible and becomes is not None else state


def out_of_turn(several: Iterable[Planned], hosts: Mapping[str, str]) -> tuple[Planned, str] | None:
    """Return the first that cannot be done as its subject is by then, and how that is.

    ``hosts`` is the host of each service that something can be done to.
    """
    states: dict[str, str] = {}
    for each in several:
        host = hosts.get(each.subject, "")
        if (around := states.get(host, RUNS)) in {HANGS, ENDED}:
            return each, f"its host {host} {around}"
        state = states.get(each.subject, RUNS)
        if state not in _TURNS[each.verb][0]:
            return each, f"{each.subject} {state}"
        states[each.subject] = turned(state, each.verb)
        if each.of_host and each.verb not in OF_A_LINK:
            for service in (name for name, where in hosts.items() if where == each.subject):
                states[service] = turned(states.get(service, RUNS), each.verb)
    return None


def _planned(experiment: Experiment, happening: Happening) -> Planned:
    ((verb, subject),) = verbs_said(happening).items()
    rate = happening.rate
    return Planned(
        at_seconds=happening.at,
        verb=verb,
        subject=subject,
        of_host=subject in {host.name for host in experiment.hosts},
        bits_per_second=None if rate is None else float(scaled_rate(experiment, rate)),
    )

"""What happens to the rig in the hold: which verb, to what, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onionrig.experiment.schema import Happening

Verb = Literal["kill", "stop", "start", "hang", "resume", "link_down", "link_up"]
VERBS: tuple[Verb, ...] = get_args(Verb)
ENDING: frozenset[str] = frozenset({"kill", "stop"})
"""After these there is no process."""
LEAVING = ENDING | {"hang", "link_down"}
"""After these a service answers nobody, until the opposite is done."""
OF_A_HOST: frozenset[str] = frozenset({"link_down", "link_up"})
"""These are done to an emulated host; the others to a service."""


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happens."""

    at_seconds: float
    """From the beginning of the hold."""
    verb: Verb
    subject: str
    """A service of the rig, or an emulated host."""


def verbs_said(happening: Happening) -> dict[Verb, str]:
    """Return what an event says is done, by verb: to whom."""
    said = {verb: getattr(happening, verb) for verb in VERBS}
    return {verb: subject for verb, subject in said.items() if subject is not None}


def planned(happenings: Iterable[Happening]) -> tuple[Planned, ...]:
    """Return what happens, in its order; each is checked to have one verb."""
    return tuple(sorted((_planned(each) for each in happenings), key=lambda each: each.at_seconds))


def out_of_turn(several: Iterable[Planned]) -> tuple[Planned, str] | None:
    """Return the first that cannot be done as its subject is by then, and how that is."""
    states: dict[str, str] = {}
    for each in several:
        state = states.get(each.subject, RUNS)
        possible, becomes = _TURNS[each.verb]
        if state not in possible:
            return each, state
        states[each.subject] = becomes
    return None


RUNS, HANGS, ENDED, CUT_OFF = "runs", "hangs", "has ended", "is cut off"
_TURNS: dict[Verb, tuple[tuple[str, ...], str]] = {
    "kill": ((RUNS, HANGS), ENDED),
    "stop": ((RUNS, HANGS), ENDED),
    "start": ((ENDED,), RUNS),
    "hang": ((RUNS,), HANGS),
    "resume": ((HANGS,), RUNS),
    "link_down": ((RUNS,), CUT_OFF),
    "link_up": ((CUT_OFF,), RUNS),
}
"""How a service must be, and how it is afterwards."""


def _planned(happening: Happening) -> Planned:
    ((verb, subject),) = verbs_said(happening).items()
    return Planned(at_seconds=happening.at, verb=verb, subject=subject)

"""What every fault has to say for itself, and a fault as it is asked for and planned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from fractions import Fraction

import msgspec

from onionrig.experiment.faults.steps import AnyStep
from onionrig.experiment.keys import Table
from onionrig.units import BitsPerSecond, Seconds


class Scope(StrEnum):
    """What a fault is done to."""

    SERVICE = "service"
    """One service."""
    HOST = "host"
    """A whole host: its services, but not what the rig measures with, and perhaps its link."""
    LINK = "link"
    """The link of a host alone."""


class State(StrEnum):
    """The state of a service, a host or a host's link between two faults, in words."""

    RUNS = "runs"
    HANGS = "hangs"
    ENDED = "has ended"
    REBOOTED = "has rebooted"
    """Nothing is left of the run on the host, so that nothing of it can be started again."""
    CUT_OFF = "is cut off"


class AskedFault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault as one table of ``[[faults]]`` asks for it."""

    at: Seconds
    """Time from the beginning of the hold."""
    verb: str
    subject: str
    """The name of a service or of a host."""
    keys: Table = Table()
    """The fault's own keys."""

    @property
    def text(self) -> str:
        """The fault as the experiment has it."""
        return f'{self.verb} = "{self.subject}"'


class PlannedFault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that will be done in every hold of a run."""

    at_seconds: float
    """Time from the beginning of the hold."""
    verb: str
    subject: str
    """The name of a service or of a host."""
    scope: Scope = Scope.SERVICE
    bits_per_second: float | None = None
    """What the link carries from then on, each way, scaled; null where that stays as it is."""

    @property
    def text(self) -> str:
        """The fault and when it is done, as errors name it."""
        return f'events, {self.verb} = "{self.subject}" at {Seconds(self.at_seconds)}'


def nothing_wrong(asked: AskedFault, scale: Fraction) -> str | None:
    """Find nothing wrong with a fault's own keys."""
    del asked, scale
    return None


def no_rate(asked: AskedFault) -> BitsPerSecond | None:
    """Ask for no rate of a link."""
    del asked
    return None


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault: everything in which it differs from others."""

    verb: str
    """The key of ``[[faults]]`` that asks for it, and its name in the records."""
    steps: Mapping[Scope, tuple[AnyStep, ...]]
    """What is done, by what it is done to: a link alone, or a service, a whole host, or either."""
    before: tuple[State, ...] = tuple(State)
    """The states in which it can be done."""
    after: State | None = None
    """The state that it leads to; none where it leaves everything as it was."""
    told: str = "{subject} {verb}"
    """What was done, in words, from its subject, verb and rate: "{subject} killed"."""
    cause: str = "taken away"
    """What was done, as the reason why a service answered nobody: "it was killed"."""
    keys: type[Table] = Table
    """Keys of its own, each with a default."""
    misplaced: str = ""
    """What to say where its own keys stand beside another verb."""
    wrong: Callable[[AskedFault, Fraction], str | None] = nothing_wrong
    """What is wrong with its own keys beyond their types, in words; rates are scaled by the
    fraction, as links are."""
    rate: Callable[[AskedFault], BitsPerSecond | None] = no_rate
    """The rate that a link is given, before it is scaled."""

    @property
    def is_of_link(self) -> bool:
        """Whether it is done to a host's link alone."""
        return Scope.LINK in self.steps

    @property
    def ends_process(self) -> bool:
        """Whether there is no process afterwards: one that is started again counts from zero."""
        return self.after in {State.ENDED, State.REBOOTED}

    @property
    def takes_away(self) -> bool:
        """Whether a service answers nobody afterwards, until the opposite is done."""
        return self.after is not None and self.after is not State.RUNS

    @property
    def brings_back(self) -> bool:
        """Whether it is the opposite of a fault that takes a service away."""
        return self.after is State.RUNS

    def turned(self, state: State) -> State:
        """Return the state that follows another; the same one where this could not be done then."""
        return self.after if self.after is not None and state in self.before else state

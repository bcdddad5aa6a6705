"""What every fault defines, and a fault as it is asked for and as it is planned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from fractions import Fraction

import msgspec

from onionrig.experiment.faults.steps import AnyStep
from onionrig.experiment.keys import ExperimentTable
from onionrig.units import BitsPerSecond, Seconds


class Scope(StrEnum):
    """What a fault is done to."""

    SERVICE = "service"
    """One service."""
    HOST = "host"
    """A whole host: its services, but not the rig's own instruments, and perhaps its link."""
    LINK = "link"
    """Only the link of a host."""


class State(StrEnum):
    """The state of a service, a host or a host's link between two faults, in words."""

    RUNS = "runs"
    HANGS = "hangs"
    ENDED = "has ended"
    REBOOTED = "has rebooted"
    """Nothing of the run is left on the host, so nothing of it can be started again."""
    CUT_OFF = "is cut off"


class AskedFault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault as an entry of ``[[faults]]`` asks for it."""

    at: Seconds
    """Time since the beginning of the hold."""
    verb: str
    subject: str
    """Name of a service or a host."""
    keys: ExperimentTable = ExperimentTable()
    """The fault's own keys."""

    @property
    def text(self) -> str:
        """The fault as the experiment has it."""
        return f'{self.verb} = "{self.subject}"'


class PlannedFault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that will be done in every hold of a run."""

    at_seconds: float
    """Time since the beginning of the hold."""
    verb: str
    subject: str
    """Name of a service or a host."""
    scope: Scope = Scope.SERVICE
    bits_per_second: float | None = None
    """New rate of the link, each way, scaled; null if the fault leaves the rate as it is."""

    @property
    def text(self) -> str:
        """The fault and its time, as errors name it."""
        return f'faults, {self.verb} = "{self.subject}" at {Seconds(self.at_seconds)}'


def nothing_wrong(asked_fault: AskedFault, scale: Fraction) -> str | None:
    """Accept any fault: return None."""
    del asked_fault, scale
    return None


def no_rate(asked_fault: AskedFault) -> BitsPerSecond | None:
    """Return None: the fault sets no link rate."""
    del asked_fault
    return None


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of fault, with everything in which it differs from others."""

    verb: str
    """The key of ``[[faults]]`` that asks for the fault, and its name in records."""
    steps: Mapping[Scope, tuple[AnyStep, ...]]
    """Steps of the fault, by its scope: only a link, or a service, a whole host, or either."""
    before: tuple[State, ...] = tuple(State)
    """The states in which the fault can be done."""
    after: State | None = None
    """The state that the fault leads to; None if it changes no state."""
    sentence_template: str = "{subject} {verb}"
    """Template of what was done, from subject, verb and rate: "{subject} killed"."""
    cause: str = "taken away"
    """The fault as the reason why a service answered nobody: "it was killed"."""
    keys: type[ExperimentTable] = ExperimentTable
    """Keys of the fault's own, each with a default."""
    misplaced: str = ""
    """Error text if the fault's own keys are used beside another verb."""
    wrong: Callable[[AskedFault, Fraction], str | None] = nothing_wrong
    """Check of the fault's own keys beyond their types: an explanation of what is wrong, or None.
    Rates are scaled by the fraction, as links are."""
    rate: Callable[[AskedFault], BitsPerSecond | None] = no_rate
    """The rate that a link is given, before scaling."""

    @property
    def is_of_link(self) -> bool:
        """Whether the fault is done only to a host's link."""
        return Scope.LINK in self.steps

    @property
    def ends_process(self) -> bool:
        """Whether the process is gone afterwards, so that a restarted one counts from zero."""
        return self.after in {State.ENDED, State.REBOOTED}

    @property
    def takes_away(self) -> bool:
        """Whether a service answers nobody afterwards, until the opposite fault is done."""
        return self.after is not None and self.after is not State.RUNS

    @property
    def brings_back(self) -> bool:
        """Whether the fault is the opposite of one that takes a service away."""
        return self.after is State.RUNS

    def turned(self, state: State) -> State:
        """Return the state after the fault; the same state if the fault could not be done in it."""
        return self.after if self.after is not None and state in self.before else state

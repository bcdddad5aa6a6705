"""What a series of runs is given, and what it tells while it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from onionrig.experiment.question import Question
    from onionrig.records.result import Result
    from onionrig.store.run_directory import RunDirectory


BRING_UP_SECONDS = 45.0
"""What a rig takes to come up, until one of a series has: with a private network 31 to 50 s."""
BARE_SECONDS = 2.0
"""The same without a network."""


def bring_up_seconds(question: Question) -> float:
    """Return what the rig of a question takes to come up, as far as is known beforehand."""
    return BARE_SECONDS if question.experiment.network.kind == "none" else BRING_UP_SECONDS


def expected_seconds(question: Question) -> float:
    """Return what a run takes, as far as is known beforehand: its rig comes up, and its loads."""
    return bring_up_seconds(question) + sum(load.seconds for load in question.loads)


class PartOf(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is a part of: a sweep, a comparison."""

    title: str = ""
    ends_seconds: float | None = None
    """When all of it should be over, on the monotonic clock."""
    after_loads_seconds: tuple[float, ...] = ()
    """What all of it takes after the end of each of the run's loads."""


ALONE = PartOf()


class RunOne(Protocol):
    """Run one question into a run directory and return its result.

    Raises OnionrigError for what ended the run before its time.
    """

    def __call__(self, question: Question, run_directory: RunDirectory, part_of: PartOf) -> Result:
        """Return what the run came to."""
        ...


class Begins(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A series begins, or goes on where an earlier one stopped."""

    holds_left: int
    holds: int
    rigs: int
    seconds: float
    """What is left will take about so long."""


class RunFailed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A run ended before its time, and the series goes on without it."""

    error: str


class RunUnreadable(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What an earlier run has recorded cannot be read, and is measured again."""

    run: str
    error: str


class Stopped(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The series was interrupted; what was measured is kept."""


Told = Begins | RunFailed | RunUnreadable | Stopped
if TYPE_CHECKING:
    Tell = Callable[[Told], None]

"""The inputs of a series of runs, and the progress that it reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from onionrig.records.series.repetition import RepeatResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from onionrig.experiment.question import Question
    from onionrig.records.result import Result
    from onionrig.store.run_directory import RunDirectory


BRING_UP_SECONDS = 45.0
"""Time for a rig to come up, until one of the series has: 31 to 50 s with a private network."""
BARE_SECONDS = 2.0
"""The same without a network."""


def bring_up_seconds(question: Question) -> float:
    """Return the expected time for the rig of a question to come up."""
    return BARE_SECONDS if question.experiment.network.kind == "none" else BRING_UP_SECONDS


def expected_seconds(question: Question) -> float:
    """Return the expected time of a run: its rig comes up, and its loads."""
    return bring_up_seconds(question) + sum(load.seconds for load in question.loads)


class PartOf(msgspec.Struct, frozen=True, kw_only=True):
    """The whole that a run is a part of: a sweep, a comparison."""

    title: str = ""
    ends_seconds: float | None = None
    """Expected end of the whole, on the monotonic clock."""
    after_loads_seconds: tuple[float, ...] = ()
    """Time that the whole takes after the end of each of the run's loads."""


ALONE = PartOf()


class RunOne(Protocol):
    """Run one question into a run directory and return its result.

    Raises OnionrigError for what ended the run early.
    """

    def __call__(self, question: Question, run_directory: RunDirectory, part_of: PartOf) -> Result:
        """Return the result of the run."""
        ...


class Begins(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A series begins, or continues where an earlier one stopped."""

    holds_left: int
    holds: int
    rigs: int
    seconds: float
    """Approximate time that the rest will take."""


class RunFailed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A run ended early, and the series goes on without it."""

    error: str


class RunUnreadable(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The records of an earlier run cannot be read, and it is measured again."""

    run: str
    error: str


class Repeated(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A repetition ended, and this is known by now."""

    run: str
    sustained_bits_per_second: float | None
    result: RepeatResult


class Stopped(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The series was interrupted; what was measured is kept."""


SeriesNews = Begins | RunFailed | RunUnreadable | Repeated | Stopped
if TYPE_CHECKING:
    Tell = Callable[[SeriesNews], None]

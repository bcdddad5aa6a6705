"""A question: an experiment that is checked and resolved, with the loads to be put on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.errors import UsageError
from onionrig.experiment.auto import resolved
from onionrig.experiment.boards import Boarded, with_boards
from onionrig.experiment.checks import refuse_impossible
from onionrig.experiment.decode import experiment_from
from onionrig.experiment.inventory import with_inventory
from onionrig.experiment.keys import too_many_repetitions
from onionrig.experiment.loads.base import Load
from onionrig.experiment.schema import Experiment
from onionrig.records.manifest import BoardFacts, UntilKnown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from onionrig.experiment.decode import Layer
    from onionrig.experiment.inventory import Inventory
    from onionrig.hardware.boards import Catalogue

START_SECONDS = 2
"""From fixing a load's times to its ramp on this machine: what a sink takes to start, with room."""


class PlannedLoad(msgspec.Struct, frozen=True, kw_only=True):
    """One of the loads that a rig is put under, in turn."""

    load: Load
    settings: dict[str, str] = msgspec.field(default_factory=dict)
    """What it has otherwise than the question's experiment: by ``table.key``."""

    @property
    def seconds(self) -> float:
        """How long it takes, from fixing its times to the hold's end."""
        return START_SECONDS + self.load.ramp + self.load.hold


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is asked: everything but where it runs."""

    name: str
    """The experiment file's stem, or the profile's name."""
    experiment: Experiment
    """Checked, and every ``auto`` replaced."""
    resolved: dict[str, str]
    """How each ``auto`` came to its number, by key."""
    boards: dict[str, BoardFacts] = {}
    """What is known of the boards that emulated hosts name."""
    loads: tuple[PlannedLoad, ...]
    """In turn, on the same rig; none where the rig only serves."""
    command: tuple[str, ...] = ()
    """By which words it was asked."""
    until_known: UntilKnown | None = None
    """When the loads end before all of them were held: as soon as the rate is known."""

    @property
    def serves_only(self) -> bool:
        """Whether the rig serves sinks that run elsewhere, and pulls nothing itself."""
        return not self.loads

    def asked_by(self, command: Sequence[str]) -> Question:
        """Return the same question with the words by which it was asked."""
        return msgspec.structs.replace(self, command=tuple(command))

    def repeated(self, times: int) -> Question:
        """Return the same question with each of its loads so many times in turn.

        Raises UsageError for more than a run can have.
        """
        refuse_repetitions(times, [self])
        return msgspec.structs.replace(self, loads=self.loads * times)

    def with_loads(self, loads: Sequence[PlannedLoad]) -> Question:
        """Return the same question with these loads, which its rig is big enough for."""
        return msgspec.structs.replace(self, loads=tuple(loads))


def refuse_repetitions(times: int, questions: Sequence[Question]) -> None:
    """Raise UsageError where questions cannot each be repeated so often."""
    for question in questions:
        wrong = too_many_repetitions(times, question.experiment.load.hold)
        if wrong is not None:
            raise UsageError(wrong)


def question_from(
    layers: list[Layer],
    *,
    name: str,
    catalogue: Callable[[], Catalogue],
    inventory: Callable[[str], Inventory],
) -> Question:
    """Merge layers, check what results and replace every ``auto``.

    The catalogue is read only where a host names a board: a mistake in a user's own file must not
    stop any other run. Likewise an inventory, by its path, only where one is asked for. Raises
    UsageError.
    """
    experiment = experiment_from(layers)
    placed: dict[str, str] = {}
    if experiment.cluster.inventory is not None:
        inventoried = with_inventory(experiment, inventory(experiment.cluster.inventory))
        experiment, placed = inventoried.experiment, inventoried.found
    boarded = (
        with_boards(experiment, catalogue())
        if any(host.board for host in experiment.hosts)
        else Boarded(experiment=experiment, said={}, facts={})
    )
    refuse_impossible(boarded.experiment)
    experiment, found = resolved(boarded.experiment)
    refuse_impossible(experiment)
    serves_only = experiment.baseline.listen is not None
    return Question(
        name=name,
        experiment=experiment,
        resolved={**placed, **boarded.said, **found},
        boards=boarded.facts,
        loads=() if serves_only else (PlannedLoad(load=experiment.load),),
    )

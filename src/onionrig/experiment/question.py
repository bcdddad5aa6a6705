"""A question: a checked and resolved experiment, with the loads to be put on it."""

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
"""Time from fixing a load's times to its ramp on this machine: a sink's start, with a margin."""


class PlannedLoad(msgspec.Struct, frozen=True, kw_only=True):
    """One of the loads that a rig is put under, in turn."""

    load: Load
    settings: dict[str, str] = msgspec.field(default_factory=dict)
    """Settings that override the question's experiment, by ``table.key``."""

    @property
    def seconds(self) -> float:
        """Duration, from fixing the load's times to the end of the hold."""
        return START_SECONDS + self.load.ramp + self.load.hold


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run is asked for, except where it runs."""

    name: str
    """The experiment file's stem, or the profile's name."""
    experiment: Experiment
    """The experiment, checked, with every ``auto`` replaced."""
    resolved: dict[str, str]
    """Explanation of each number that replaced ``auto``, by key."""
    boards: dict[str, BoardFacts] = {}
    """Facts known about the boards that emulated hosts name."""
    loads: tuple[PlannedLoad, ...]
    """The loads, in turn on the same rig; none if the rig only serves."""
    command: tuple[str, ...] = ()
    """The command line that asked the question."""
    until_known: UntilKnown | None = None
    """When the loads may end before all of them were held: as soon as the rate is known."""

    @property
    def serves_only(self) -> bool:
        """Whether the rig serves sinks that run elsewhere, and pulls nothing itself."""
        return not self.loads

    def asked_by(self, command: Sequence[str]) -> Question:
        """Return the same question with the command line that asked it."""
        return msgspec.structs.replace(self, command=tuple(command))

    def repeated(self, times: int) -> Question:
        """Return the same question with each of its loads repeated this many times in turn.

        Raises UsageError for more loads than a run can have.
        """
        refuse_repetitions(times, [self])
        return msgspec.structs.replace(self, loads=self.loads * times)

    def with_loads(self, loads: Sequence[PlannedLoad]) -> Question:
        """Return the same question with these loads, which its rig is big enough for."""
        return msgspec.structs.replace(self, loads=tuple(loads))


def refuse_repetitions(times: int, questions: Sequence[Question]) -> None:
    """Raise UsageError if one of the questions cannot be repeated this many times."""
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
    """Return the question that merged layers ask, checked and with every ``auto`` replaced.

    The catalogue is read only if a host names a board: a mistake in a user's own file must not stop
    any other run. Likewise an inventory is read, by its path, only if one is asked for. Raises
    UsageError.
    """
    experiment = experiment_from(layers)
    inventory_explanations: dict[str, str] = {}
    if experiment.cluster.inventory is not None:
        inventoried = with_inventory(experiment, inventory(experiment.cluster.inventory))
        experiment, inventory_explanations = inventoried.experiment, inventoried.explanations
    boards = (
        with_boards(experiment, catalogue())
        if any(host.board for host in experiment.hosts)
        else Boarded(experiment=experiment, explanations={}, facts={})
    )
    refuse_impossible(boards.experiment)
    experiment, auto_explanations = resolved(boards.experiment)
    refuse_impossible(experiment)
    serves_only = experiment.baseline.listen is not None
    return Question(
        name=name,
        experiment=experiment,
        resolved={**inventory_explanations, **boards.explanations, **auto_explanations},
        boards=boards.facts,
        loads=() if serves_only else (PlannedLoad(load=experiment.load),),
    )

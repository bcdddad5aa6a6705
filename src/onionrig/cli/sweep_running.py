"""Run a sweep: rig after rig, each under all its loads, going on where an earlier one stopped."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from onionrig.analysis.result import results_by_load
from onionrig.analysis.several_runs.sweep import still_to_do, sweep_result
from onionrig.cli.live import PartOf, run_watched
from onionrig.cli.question import question_from
from onionrig.engine.emulation.privileges import enter_user_namespace_if_needed
from onionrig.engine.local.equipment import Equipment
from onionrig.errors import Interrupted, OnionrigError, Terminated
from onionrig.experiment.grid import combinations, layers_of_point, sharing_a_rig
from onionrig.run.load import START_SECONDS, PlannedLoad
from onionrig.run.manifest import Asked
from onionrig.units import rough_duration_text

if TYPE_CHECKING:
    from rich.console import Console

    from onionrig.cli.question import Question
    from onionrig.experiment.grid import Settings
    from onionrig.records.result import Result
    from onionrig.records.sweep import SweepPlan, SweepResult
    from onionrig.store.series_directory import SeriesDirectory

BRING_UP_SECONDS = 45.0
"""What a rig takes to come up, until one of this sweep has: with a private network 31 to 50 s."""
BARE_SECONDS = 2.0
"""The same without a network."""


class Sweep:
    """One sweep and what is left of it."""

    def __init__(self, plan: SweepPlan, directory: SeriesDirectory, console: Console) -> None:
        self._plan = plan
        self._directory = directory
        self._console = console
        without_tor = plan.experiment.get("network", {}).get("kind") == "none"
        self._bring_up_seconds = BARE_SECONDS if without_tor else BRING_UP_SECONDS

    @staticmethod
    def check(plan: SweepPlan) -> None:
        """Refuse a sweep of which a point cannot be run. Raises UsageError, Unequipped."""
        experiments = [_question(plan, point).experiment for point in combinations(plan.axes)]
        if any(experiment.hosts for experiment in experiments):
            enter_user_namespace_if_needed()  # before its directory is made

    def run(self) -> tuple[SweepResult, int]:
        """Measure what is missing; return what the sweep came to, and the first failure's code.

        A rig that fails leaves its points unmeasured, and the sweep goes on with the next; Ctrl-C
        and SIGTERM end it.
        """
        measured = self._measured()
        groups = sharing_a_rig(still_to_do(self._plan, measured))
        self._say_what_is_there(groups)
        result = self._written(measured)
        code = 0
        for number, group in enumerate(groups):
            later_seconds = sum(self._seconds(waiting) for waiting in groups[number + 1 :])
            part_of = PartOf(
                title=f"rig {number + 1} of {len(groups)}",
                ends_seconds=time.monotonic() + self._seconds(group) + later_seconds,
                after_loads_seconds=tuple(
                    self._loads_seconds(group[done:]) + later_seconds
                    for done in range(1, len(group) + 1)
                ),
            )
            try:
                self._run_group(group, part_of)
            except (Interrupted, Terminated):
                self._console.print(
                    f"what was measured is kept; go on with: onionrig sweep --resume "
                    f"{self._directory.path}",
                    highlight=False, markup=False, soft_wrap=True,
                )  # fmt: skip
                raise
            except OnionrigError as error:
                code = code or error.exit_code
                self._console.print(
                    f"error: {error}; going on with the next rig",
                    style="red", highlight=False, markup=False, soft_wrap=True,
                )  # fmt: skip
            finally:
                result = self._written(self._measured())
        return result, code

    def _run_group(self, group: list[Settings], part_of: PartOf) -> None:
        """Put one rig up, big enough for the largest load, and the loads on it in turn."""
        questions = [_question(self._plan, point) for point in group]
        largest = max(questions, key=lambda question: question.experiment.load.streams)
        asked = Asked(
            experiment=largest.experiment,
            resolved=largest.resolved,
            profile=self._plan.name,
            command=self._plan.command,
            loads=tuple(
                PlannedLoad(load=question.experiment.load, settings=point)
                for point, question in zip(group, questions, strict=True)
            ),
            boards=largest.boards,
        )
        run_directory = self._directory.new_run(_directory_name(group))
        began = time.monotonic()
        run_watched(
            asked,
            Equipment.for_experiment(asked.experiment),
            run_directory,
            self._console,
            part_of,
        )
        took = time.monotonic() - began
        self._bring_up_seconds = max(0.0, took - self._loads_seconds(group))

    def _measured(self) -> dict[str, list[Result]]:
        measured = {}
        for run in self._directory.runs():
            try:
                measured[run.path.name] = results_by_load(run.recording())
            except OnionrigError as error:
                self._console.print(
                    f"{run.path}: {error}; its points are measured again",
                    style="yellow", highlight=False, markup=False, soft_wrap=True,
                )  # fmt: skip
        return measured

    def _written(self, measured: dict[str, list[Result]]) -> SweepResult:
        result = sweep_result(self._plan, self._directory.path.name, measured)
        self._directory.write_sweep(result)
        return result

    def _seconds(self, group: list[Settings]) -> float:
        return self._bring_up_seconds + self._loads_seconds(group)

    def _loads_seconds(self, group: list[Settings]) -> float:
        loads = [_question(self._plan, point).experiment.load for point in group]
        return sum(START_SECONDS + load.ramp + load.hold for load in loads)

    def _say_what_is_there(self, groups: list[list[Settings]]) -> None:
        left = sum(len(group) for group in groups)
        whole = len(combinations(self._plan.axes)) * self._plan.repeat
        seconds = sum(self._seconds(group) for group in groups)
        self._console.print(
            f"sweep: {left} of {whole} holds to measure on {len(groups)} rigs, about "
            f"{rough_duration_text(seconds)}; {self._directory.path}",
            highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip


def _question(plan: SweepPlan, point: Settings) -> Question:
    return question_from([plan.experiment, *layers_of_point(point)], name=plan.name)


def _directory_name(group: list[Settings]) -> str:
    """Name a run directory after what its rig has for itself."""
    shared = [
        value
        for key, value in group[0].items()
        if all(point[key] == value for point in group) and value.isalnum()
    ]
    return "-".join(shared) or "rig"

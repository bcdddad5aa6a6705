"""Run a sweep: rig after rig, each under all its loads, resuming where an earlier one stopped."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from onionrig.analysis.result import results_by_load
from onionrig.analysis.several_runs.grid import combinations, sharing_a_rig
from onionrig.analysis.several_runs.sweep import still_to_do, sweep_result
from onionrig.errors import Interrupted, OnionrigError, Terminated
from onionrig.experiment.question import PlannedLoad
from onionrig.series.base import (
    Begins,
    PartOf,
    RunFailed,
    RunUnreadable,
    Stopped,
    bring_up_seconds,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from onionrig.analysis.several_runs.grid import Settings
    from onionrig.experiment.question import Question
    from onionrig.records.result import Result
    from onionrig.records.series.sweep import SweepPlan, SweepResult
    from onionrig.series.base import RunOne, Tell
    from onionrig.store.series_directory import SeriesDirectory


class Sweep:
    """One sweep and what is left of it."""

    def __init__(
        self,
        plan: SweepPlan,
        directory: SeriesDirectory,
        *,
        ask: Callable[[Settings], Question],
        run_one: RunOne,
        tell: Tell,
    ) -> None:
        """Prepare a sweep; ``ask`` makes a point's settings into a question."""
        self._plan = plan
        self._directory = directory
        self._ask = ask
        self._run_one = run_one
        self._tell = tell
        self._bring_up_seconds: float | None = None

    def run(self) -> tuple[SweepResult, int]:
        """Measure what is missing; return the sweep's result, and the first failure's code.

        A rig that fails leaves its points unmeasured, and the sweep goes on with the next; Ctrl-C
        and SIGTERM end it.
        """
        results_by_run = self._results_by_run()
        groups = sharing_a_rig(still_to_do(self._plan, results_by_run))
        self._tell(
            Begins(
                holds_left=sum(len(group) for group in groups),
                holds=len(combinations(self._plan.axes)) * self._plan.repeat,
                rigs=len(groups),
                seconds=sum(self._expected_seconds(group) for group in groups),
            )
        )
        result = self._write_result(results_by_run)
        exit_code = 0
        for index, group in enumerate(groups):
            later_seconds = sum(
                self._expected_seconds(later_group) for later_group in groups[index + 1 :]
            )
            part_of = PartOf(
                title=f"rig {index + 1} of {len(groups)}",
                ends_seconds=time.monotonic() + self._expected_seconds(group) + later_seconds,
                after_loads_seconds=tuple(
                    self._loads_seconds(group[done_count:]) + later_seconds
                    for done_count in range(1, len(group) + 1)
                ),
            )
            try:
                self._run_group(group, part_of)
            except (Interrupted, Terminated):
                self._tell(Stopped())
                raise
            except OnionrigError as error:
                exit_code = exit_code or error.exit_code
                self._tell(RunFailed(error=str(error)))
            finally:
                result = self._write_result(self._results_by_run())
        return result, exit_code

    def _run_group(self, group: list[Settings], part_of: PartOf) -> None:
        """Put one rig up, big enough for the largest load, and the loads on it in turn."""
        questions = [self._ask(point) for point in group]
        largest = max(questions, key=lambda question: question.experiment.load.streams_asked)
        loads = [
            PlannedLoad(load=question.experiment.load, settings=point)
            for point, question in zip(group, questions, strict=True)
        ]
        began_seconds = time.monotonic()
        self._run_one(
            largest.with_loads(loads), self._directory.new_run(_directory_name(group)), part_of
        )
        run_seconds = time.monotonic() - began_seconds
        self._bring_up_seconds = max(0.0, run_seconds - self._loads_seconds(group))

    def _results_by_run(self) -> dict[str, list[Result]]:
        results_by_run = {}
        for run in self._directory.runs():
            try:
                results_by_run[run.name] = results_by_load(run.recording())
            except OnionrigError as error:
                self._tell(RunUnreadable(run=str(run.path), error=str(error)))
        return results_by_run

    def _write_result(self, results_by_run: dict[str, list[Result]]) -> SweepResult:
        result = sweep_result(self._plan, self._directory.path.name, results_by_run)
        self._directory.write_sweep(result)
        return result

    def _expected_seconds(self, group: list[Settings]) -> float:
        rig_seconds = self._bring_up_seconds
        if rig_seconds is None:
            rig_seconds = bring_up_seconds(self._ask(group[0]))
        return rig_seconds + self._loads_seconds(group)

    def _loads_seconds(self, group: list[Settings]) -> float:
        return sum(load.seconds for point in group for load in self._ask(point).loads)


def _directory_name(group: list[Settings]) -> str:
    """Return the name of a run directory: the settings that all loads of its rig share."""
    shared_values = [
        value
        for key, value in group[0].items()
        if all(point[key] == value for point in group) and value.isalnum()
    ]
    return "-".join(shared_values) or "rig"

"""The directory of a sweep, a comparison or repetitions: its plan, its runs, its outcome.

sweep.json, compare.json or repeat.json                       the plan
runs/*/                                                       a run directory per rig
sweep-result.json, comparison.json or repeat-result.json      the outcome
report.html, charts/                                          the report
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.errors import RecordsUnreadable
from onionrig.records.series.comparison import Comparison
from onionrig.records.series.repetition import RepeatPlan, RepeatResult
from onionrig.records.series.sweep import SweepPlan, SweepResult
from onionrig.store.run_directory import RunDirectory, made_new, read_record, write_whole
from onionrig.store.salvage import Absent

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.records.series.comparison import ComparePlan

SWEEP_PLAN, SWEEP_RESULT = "sweep.json", "sweep-result.json"
COMPARE_PLAN, COMPARISON = "compare.json", "comparison.json"
REPEAT_PLAN, REPEAT_RESULT = "repeat.json", "repeat-result.json"


class SeriesDirectory:
    """A directory that holds several runs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path) -> SeriesDirectory:
        """Make a new one, 0700. Raises RunDirectoryError if there are files already."""
        return cls(made_new(path, "runs"))

    def runs(self) -> list[RunDirectory]:
        """Return its run directories, oldest first."""
        return [
            RunDirectory(path.parent)
            for path in sorted((self.path / "runs").glob("*/manifest.json"))
        ]

    def new_run(self, name: str) -> RunDirectory:
        """Make the next run directory. Raises RunDirectoryError."""
        number = sum(1 for _ in (self.path / "runs").iterdir()) + 1
        return RunDirectory.create(self.path / "runs" / f"{number:03d}-{name}")

    def write_plan(self, plan: SweepPlan) -> None:
        """Write the plan of a sweep."""
        write_whole(self.path / SWEEP_PLAN, plan)

    def read_plan(self) -> SweepPlan:
        """Read the plan of a sweep. Raises RecordsUnreadable."""
        try:
            return read_record(self.path / SWEEP_PLAN, SweepPlan)
        except Absent as error:
            raise RecordsUnreadable(f"{self.path} is no sweep: it has no {SWEEP_PLAN}") from error

    def write_sweep(self, result: SweepResult) -> None:
        """Write or replace the result of a sweep."""
        write_whole(self.path / SWEEP_RESULT, result)

    def read_sweep(self) -> SweepResult:
        """Read the result of a sweep so far. Raises RecordsUnreadable."""
        try:
            return read_record(self.path / SWEEP_RESULT, SweepResult)
        except Absent as error:
            raise RecordsUnreadable(
                f"{self.path} has no {SWEEP_RESULT}: no point is measured yet; go on with "
                f"`onionrig sweep --resume {self.path}`"
            ) from error

    def write_compare_plan(self, plan: ComparePlan) -> None:
        """Write the plan of a comparison: the experiments that are compared."""
        write_whole(self.path / COMPARE_PLAN, plan)

    def write_comparison(self, comparison: Comparison) -> None:
        """Write or replace a comparison."""
        write_whole(self.path / COMPARISON, comparison)

    def read_comparison(self) -> Comparison:
        """Read a comparison. Raises RecordsUnreadable."""
        try:
            return read_record(self.path / COMPARISON, Comparison)
        except Absent as error:
            raise RecordsUnreadable(
                f"{self.path} has no {COMPARISON}: the comparison was stopped before its last run"
            ) from error

    def write_repeat_plan(self, plan: RepeatPlan) -> None:
        """Write the plan of repetitions: what is repeated, and until when."""
        write_whole(self.path / REPEAT_PLAN, plan)

    def read_repeat_plan(self) -> RepeatPlan:
        """Read the plan of repetitions. Raises RecordsUnreadable."""
        try:
            return read_record(self.path / REPEAT_PLAN, RepeatPlan)
        except Absent as error:
            raise RecordsUnreadable(
                f"{self.path} has no {REPEAT_PLAN}: it was not made by run --repeat auto"
            ) from error

    def read_repeat_result(self) -> RepeatResult:
        """Read the result of repetitions so far. Raises Absent and other RecordsUnreadable."""
        try:
            return read_record(self.path / REPEAT_RESULT, RepeatResult)
        except Absent as error:
            raise Absent(
                f"{self.path} has no {REPEAT_RESULT}: no repetition has ended yet; go on with "
                f"`onionrig run --resume {self.path}`"
            ) from error

    def write_repeat_result(self, result: RepeatResult) -> None:
        """Write or replace the result of repetitions."""
        write_whole(self.path / REPEAT_RESULT, result)

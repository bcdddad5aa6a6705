"""A sweep's or a comparison's directory: what it is to do, its runs, what came of it.

sweep.json or compare.json                what to do
runs/*/                                   a run directory for each rig that was set up
sweep-result.json or comparison.json      what came of it
report.html, charts/                      how it is shown
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.errors import RecordsUnreadable
from onionrig.recorder.replacing import replace_file
from onionrig.recorder.run_directory import RunDirectory, made_new
from onionrig.records.sweep import SweepPlan

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.records.comparison import ComparePlan, Comparison
    from onionrig.records.sweep import SweepResult

SWEEP_PLAN, SWEEP_RESULT = "sweep.json", "sweep-result.json"
COMPARE_PLAN, COMPARISON = "compare.json", "comparison.json"


class SeriesDirectory:
    """A directory that holds several runs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path) -> SeriesDirectory:
        """Make a new one, 0700. Raises RunDirectoryError where there are files already."""
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
        """Write what a sweep is to do."""
        _write(self.path / SWEEP_PLAN, plan)

    def read_plan(self) -> SweepPlan:
        """Read what a sweep is to do. Raises RecordsUnreadable."""
        path = self.path / SWEEP_PLAN
        try:
            return msgspec.json.decode(path.read_bytes(), type=SweepPlan)
        except FileNotFoundError as error:
            raise RecordsUnreadable(f"{self.path} is no sweep: it has no {path.name}") from error
        except (OSError, msgspec.MsgspecError) as error:
            raise RecordsUnreadable(f"{path}: {error}") from error

    def write_sweep(self, result: SweepResult) -> None:
        """Write or replace what a sweep came to."""
        _write(self.path / SWEEP_RESULT, result)

    def write_compare_plan(self, plan: ComparePlan) -> None:
        """Write which experiments are compared."""
        _write(self.path / COMPARE_PLAN, plan)

    def write_comparison(self, comparison: Comparison) -> None:
        """Write or replace a comparison."""
        _write(self.path / COMPARISON, comparison)


def _write(path: Path, record: msgspec.Struct) -> None:
    replace_file(path, msgspec.json.format(msgspec.json.encode(record)) + b"\n")

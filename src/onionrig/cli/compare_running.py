"""Run two experiments in turn, A B A B, and hold them against each other."""

from __future__ import annotations

import datetime
import sys
from typing import TYPE_CHECKING

from onionrig.analysis.result import results_by_load
from onionrig.analysis.several_runs.comparison import Measured, compared
from onionrig.cli.live import PartOf, default_out, run_watched
from onionrig.engine.local.equipment import Equipment
from onionrig.experiment.decode import plain
from onionrig.records.comparison import ComparePlan
from onionrig.run.manifest import Asked
from onionrig.store.series_directory import SeriesDirectory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from onionrig.cli.question import Question
    from onionrig.records.comparison import Comparison
    from onionrig.store.run_directory import RunDirectory


def runs_compared(a: RunDirectory, b: RunDirectory) -> Comparison:
    """Hold two runs against each other. Raises RecordsUnreadable."""
    return compared(measured(a.path.name, [a]), measured(b.path.name, [b]), alternated=False)


def experiments_compared(
    a: Question, b: Question, *, repeat: int, out: Path | None, console: Console
) -> tuple[Comparison, SeriesDirectory]:
    """Run two experiments so many times in turn, each on a rig of its own, and compare them.

    Raises what ended a run before its time: half a pair would compare nothing.
    """
    sides = [
        (name, question, Equipment.for_experiment(question.experiment))
        for name, question in (("a", a), ("b", b))
    ]
    directory = SeriesDirectory.create(out or default_out("compare"))
    directory.write_compare_plan(
        ComparePlan(
            name="compare",
            started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            command=tuple(sys.argv),
            titles=(a.name, b.name),
            experiments=(plain(a.experiment), plain(b.experiment)),
            repeat=repeat,
        )
    )
    runs: dict[str, list[RunDirectory]] = {"a": [], "b": []}
    for number in range(1, repeat + 1):
        for side, question, equipment in sides:
            run_directory = directory.new_run(f"{side}{number}")
            asked = Asked.repeated(
                question.experiment,
                resolved=question.resolved,
                profile=question.name,
                command=tuple(sys.argv),
                boards=question.boards,
            )
            run_watched(
                asked,
                equipment,
                run_directory,
                console,
                PartOf(title=f"{side.upper()} {number} of {repeat}"),
            )
            runs[side].append(run_directory)
    comparison = compared(measured(a.name, runs["a"]), measured(b.name, runs["b"]), alternated=True)
    directory.write_comparison(comparison)
    return comparison, directory


def measured(title: str, runs: Sequence[RunDirectory]) -> Measured:
    """Return what one side's runs have measured, one result a hold. Raises RecordsUnreadable."""
    recordings = [run.recording() for run in runs]
    return Measured(
        title=title,
        runs=tuple(run.path.name for run in runs),
        results=tuple(result for recording in recordings for result in results_by_load(recording)),
        manifest=recordings[0].manifest,
    )

"""Run two questions in turn, A B B A, and compare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.result import analyse
from onionrig.analysis.several_runs.comparison import Measured, compared
from onionrig.series.base import PartOf
from onionrig.store.runs import distinct_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.several_runs.conditions import Condition
    from onionrig.experiment.question import Question
    from onionrig.records.series.comparison import Comparison
    from onionrig.series.base import RunOne
    from onionrig.store.run_directory import RunDirectory
    from onionrig.store.series_directory import SeriesDirectory


def runs_compared(a: RunDirectory, b: RunDirectory) -> Comparison:
    """Compare two runs. Raises RecordsUnreadable."""
    titles = distinct_names([a.path, b.path])
    sides = (measured(title, [run]) for title, run in zip(titles, (a, b), strict=True))
    return compared(*sides, alternated=False)


def questions_compared(  # noqa: PLR0913 - two sides, and how they are compared
    a: Question,
    b: Question,
    *,
    repeat: int,
    directory: SeriesDirectory,
    run_one: RunOne,
    conditions: Sequence[Condition] = (),
) -> Comparison:
    """Run two questions ``repeat`` times in turn, each on its own rig, and compare them.

    Each side comes first in every other pair, so that a steady drift of the machine favours
    neither. Raises what ended a run early: half a pair would compare nothing.
    """
    runs: dict[str, list[RunDirectory]] = {"a": [], "b": []}
    questions = {"a": a, "b": b}
    for number in range(1, repeat + 1):
        for side in "ab" if number % 2 else "ba":
            run_directory = directory.new_run(f"{side}{number}")
            part_of = PartOf(title=f"{side.upper()} {number} of {repeat}")
            run_one(questions[side], run_directory, part_of)
            runs[side].append(run_directory)
    comparison = compared(
        measured(a.name, runs["a"]),
        measured(b.name, runs["b"]),
        alternated=True,
        conditions=conditions,
    )
    directory.write_comparison(comparison)
    return comparison


def measured(title: str, runs: Sequence[RunDirectory]) -> Measured:
    """Return what one side's runs have measured, one result per run. Raises RecordsUnreadable.

    The holds of a run share a network, so they are one repetition: they can agree closely while
    networks differ.
    """
    recordings = [run.recording() for run in runs]
    return Measured(
        title=title,
        runs=tuple(run.name for run in runs),
        results=tuple(analyse(recording) for recording in recordings),
        manifest=recordings[0].manifest,
    )

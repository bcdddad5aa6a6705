"""Run two questions in turn, A B B A, and compare them; compare what ran already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.result import analyse
from onionrig.analysis.several_runs.comparison import Measured, compared
from onionrig.analysis.several_runs.differences import differences
from onionrig.errors import RecordsUnreadable
from onionrig.series.base import PartOf
from onionrig.store.run_directory import RunDirectory
from onionrig.store.runs import distinct_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.several_runs.conditions import Condition
    from onionrig.experiment.question import Question
    from onionrig.records.series.comparison import Comparison
    from onionrig.series.base import RunOne
    from onionrig.store.series_directory import SeriesDirectory


def runs_compared(
    a: RunDirectory | SeriesDirectory,
    b: RunDirectory | SeriesDirectory,
    *,
    conditions: Sequence[Condition] = (),
) -> Comparison:
    """Compare two runs, or repetitions until a rate is known. Raises RecordsUnreadable."""
    titles = distinct_names([a.path, b.path])
    sides = (
        measured(title, _runs_of(recorded)) for title, recorded in zip(titles, (a, b), strict=True)
    )
    return compared(*sides, alternated=False, conditions=conditions)


def _runs_of(recorded: RunDirectory | SeriesDirectory) -> list[RunDirectory]:
    """Return a run, or the repetitions that have a rate. Raises RecordsUnreadable."""
    if isinstance(recorded, RunDirectory):
        return [recorded]
    names = recorded.read_repeat_result().runs
    runs = [run for run in recorded.runs() if run.name in names]
    if not runs:
        raise RecordsUnreadable(
            f"{recorded.path}: no repetition has a sustained rate, so there is nothing to compare"
        )
    return runs


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
    results = tuple(analyse(recording) for recording in recordings)
    first, later = recordings[0].manifest, [recording.manifest for recording in recordings[1:]]
    changes = {
        difference.what: difference
        for manifest, result in zip(later, results[1:], strict=True)
        for difference in differences(first, manifest, results[0], result)
        if difference.kind in {"version", "host"}
    }
    return Measured(
        title=title,
        runs=tuple(run.name for run in runs),
        results=results,
        manifest=first,
        changes=tuple(changes.values()),
    )

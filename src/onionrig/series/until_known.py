"""Run one question on network after network until its rate is known, or the budget is spent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from onionrig.analysis.result import analyse
from onionrig.analysis.several_runs.until_known import repeat_result
from onionrig.errors import OnionrigError
from onionrig.series.base import PartOf, Repeated, RunUnreadable, Stopped, expected_seconds

if TYPE_CHECKING:
    from onionrig.experiment.question import Question
    from onionrig.records.result import Result
    from onionrig.records.series.repetition import RepeatPlan, RepeatResult
    from onionrig.series.base import RunOne, Tell
    from onionrig.store.series_directory import SeriesDirectory


def repeated_until_known(
    question: Question,
    plan: RepeatPlan,
    directory: SeriesDirectory,
    *,
    run_one: RunOne,
    tell: Tell,
) -> RepeatResult:
    """Measure fresh networks until the rate is known; those already measured count.

    The budget covers the time that this call takes, and no network is begun that would not fit; one
    is measured in any case. Raises what ended a run early: what was measured is kept, and it can be
    resumed later.
    """
    began_seconds = time.monotonic()
    networks = _complete_results(directory, tell)
    result = repeat_result(plan, networks)
    run_seconds: list[float] = []
    while not result.known:
        usual_seconds = max(run_seconds, default=expected_seconds(question))
        spent_seconds = time.monotonic() - began_seconds
        if run_seconds and spent_seconds + usual_seconds > plan.budget_seconds:
            result = repeat_result(plan, networks, spent=True)
            break
        run_directory = directory.new_run(plan.repeats)
        title = f"{plan.repeats} {len(networks) + 1}"
        part_of = PartOf(title=title if result.needed is None else f"{title} of {result.needed}")
        run_began_seconds = time.monotonic()
        try:
            networks[run_directory.name] = run_one(question, run_directory, part_of)
        except OnionrigError:
            tell(Stopped())
            raise
        run_seconds.append(time.monotonic() - run_began_seconds)
        result = repeat_result(plan, networks)
        directory.write_repeat_result(result)
        rate = networks[run_directory.name].goodput.sustained_bits_per_second
        name = run_directory.name
        tell(Repeated(run=name, sustained_bits_per_second=rate, result=result))
    directory.write_repeat_result(result)
    return result


def _complete_results(directory: SeriesDirectory, tell: Tell) -> dict[str, Result]:
    """Return the results of the complete runs, in order."""
    results = {}
    for run in directory.runs():
        try:
            result = analyse(run.recording())
        except OnionrigError as error:
            tell(RunUnreadable(run=str(run.path), error=str(error)))
            continue
        if result.status == "complete":
            results[run.name] = result
    return results

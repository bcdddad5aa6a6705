"""``run --repeat auto``: fresh networks until the rate is known, or the budget is spent."""

from __future__ import annotations

import contextlib
import datetime
import sys
from typing import TYPE_CHECKING, NoReturn

import msgspec
import typer
from rich.console import Console

from onionrig.analysis.several_runs.beforehand import RATE_OF_HOLDS, RATE_OF_NETWORKS
from onionrig.analysis.several_runs.known_within import first_stage_for
from onionrig.cli.live import default_out, runs_watched
from onionrig.cli.output.event_output import event_lines
from onionrig.cli.output.printing import print_json, results
from onionrig.cli.output.report_files import announce
from onionrig.cli.question import question_of
from onionrig.cli.series.printer import SeriesPrinter
from onionrig.engine.registry import opening_for
from onionrig.errors import (
    MEASURED,
    OnionrigError,
    RecordsUnreadable,
    ThresholdsMissed,
    UsageError,
)
from onionrig.experiment.keys import MOST_REPETITIONS
from onionrig.experiment.loads.registry import shape_of
from onionrig.records.manifest import UntilKnown
from onionrig.records.series.repetition import RepeatPlan
from onionrig.series.base import bring_up_seconds, expected_seconds
from onionrig.series.until_known import repeated_until_known
from onionrig.store.series_directory import REPEAT_RESULT, SeriesDirectory
from onionrig.units import Seconds, percent_text, share_from
from onionrig.views.summary.repetition import holds_ahead, repetition_ahead, repetition_summary
from onionrig.views.summary.thresholds import missed_text

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from onionrig.experiment.question import Question

WITHIN, BUDGET = "5%", "30m"
"""Defaults of the precision of the rate, and of the time that reaching it may take."""
LEAST_WITHIN, MOST_WITHIN = 0.001, 0.5


def plan_of(name: str, experiment: dict[str, Any], *, within: str, budget: str) -> RepeatPlan:
    """Return what is to be repeated, and until when. Raises UsageError."""
    part = _tolerance(within)
    return RepeatPlan(
        name=name,
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        command=tuple(sys.argv),
        experiment=experiment,
        within=part,
        budget_seconds=_budget(budget),
        first_stage=first_stage_for(RATE_OF_NETWORKS, part),
    )


def question_to_repeat(plan: RepeatPlan) -> Question:
    """Return what is run on each network. Raises UsageError if it has no rate to be known."""
    question = question_of([plan.experiment], name=plan.name).asked_by(plan.command)
    refuse_without_rate(question)
    return question


def holds_until_known(question: Question, *, within: str, budget: str) -> Question:
    """Return the same question with as many holds of one rig as the budget allows.

    They end as soon as the rate is known; how many that will take is printed. Raises UsageError.
    """
    refuse_without_rate(question)
    part, budget_seconds = _tolerance(within), _budget(budget)
    until_known = UntilKnown(
        within=part,
        budget_seconds=budget_seconds,
        first_stage=first_stage_for(RATE_OF_HOLDS, part),
    )
    hold_seconds = question.loads[0].seconds
    fitting = int((budget_seconds - bring_up_seconds(question)) // hold_seconds)
    repeated = question.repeated(min(max(fitting, 1), MOST_REPETITIONS))
    announcement = holds_ahead(until_known, hold_seconds=hold_seconds, fitting=len(repeated.loads))
    Console(stderr=True).print(f"repeat: {announcement}", highlight=False, soft_wrap=True)
    return msgspec.structs.replace(repeated, until_known=until_known)


def refuse_without_rate(question: Question) -> None:
    """Raise UsageError for a question without a sustained rate that could be known."""
    shape = shape_of(question.experiment.load)
    if question.serves_only:
        raise UsageError("--repeat auto: baseline.listen serves and measures nothing")
    if not shape.counts_goodput:
        raise UsageError(
            f'--repeat auto: load.kind = "{shape.kind}" has no sustained rate '
            "that could be known; say how many holds"
        )


def run_until_known(  # noqa: PLR0913 - what was typed about repetitions
    question: Question,
    plan: RepeatPlan,
    *,
    directory: SeriesDirectory,
    report: bool,
    events: str | None,
    json: bool,
) -> NoReturn:
    """Repeat until the rate is known, print the result, draw the report, and exit.

    Raises ThresholdsMissed, after printing what was measured.
    """
    stderr = Console(stderr=True)
    opening_for(question.experiment)  # what is missing is reported before anything is run
    announcement = repetition_ahead(plan, seconds=expected_seconds(question))
    stderr.print(f"repeat: {announcement}; {directory.path}", highlight=False, soft_wrap=True)
    with event_lines(events, json=json) as lines:
        try:
            result = repeated_until_known(
                question,
                plan,
                directory,
                run_one=runs_watched(lines or stderr),
                tell=SeriesPrinter(stderr, directory.path, resume="onionrig run --resume").tell,
            )
        except OnionrigError:
            if json and lines is None:
                with contextlib.suppress(RecordsUnreadable):  # no repetition has ended yet
                    print_json(directory.read_repeat_result())
            raise
        missed = [threshold for threshold in result.thresholds if threshold.outcome != "met"]
        code = ThresholdsMissed.exit_code if missed else MEASURED
        if lines is not None:
            path = str(directory.path / REPEAT_RESULT)
            lines.series_ended(str(directory.path), result, result_path=path, exit_code=code)
    if lines is None and json:
        print_json(result)
    elif lines is None:
        results().print(repetition_summary(result, str(directory.path)))
    if report:
        announce(directory.path, stderr=json or lines is not None)
    if missed:
        raise ThresholdsMissed(f"{missed_text(missed)}; every figure is in {directory.path}")
    raise typer.Exit(MEASURED)


def made_for(plan: RepeatPlan, out: Path | None) -> SeriesDirectory:
    """Make the directory of repetitions. Raises RunDirectoryError."""
    directory = SeriesDirectory.create(out or default_out(f"repeat-{plan.name}"))
    directory.write_repeat_plan(plan)
    return directory


def _tolerance(text: str) -> float:
    try:
        within = share_from(text)
    except UsageError as error:
        raise UsageError(f"--within: {error}") from error
    if not LEAST_WITHIN <= within <= MOST_WITHIN:
        least, most = percent_text(LEAST_WITHIN), percent_text(MOST_WITHIN)
        raise UsageError(f"--within {text}: write a share from {least} to {most}, as in {WITHIN}")
    return within


def _budget(text: str) -> float:
    try:
        seconds = Seconds.parse(text)
    except UsageError as error:
        raise UsageError(f"--budget: {error}") from error
    if seconds <= 0:
        raise UsageError(f"--budget {text}: there must be some time to spend")
    return float(seconds)

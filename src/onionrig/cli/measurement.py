"""One measurement from a command: announced, run, printed, reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.cli.live import default_out, refuse_lost_hosts, run_watched
from onionrig.cli.output.printing import remarks
from onionrig.cli.output.report_files import announce
from onionrig.cli.output.result_output import print_aborted, print_result
from onionrig.engine.registry import opening_for
from onionrig.errors import ThresholdsMissed
from onionrig.store.refusals import explained
from onionrig.store.run_directory import RunDirectory
from onionrig.views.summary.thresholds import missed_text

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.experiment.question import Question
    from onionrig.records.result import Result
    from onionrig.views.live.event_lines import EventLines


def measured(
    question: Question, *, out: Path | None, json: bool, lines: EventLines | None = None
) -> tuple[Result, RunDirectory]:
    """Run a question under a live view; return the result and the directory of its records.

    If the run fails, what it had measured until then is printed, as JSON if that was requested.
    Event lines replace the live view and everything that is printed of the result.
    """
    stderr = remarks()
    for key, explanation in question.resolved.items():
        stderr.print(
            f"{key}: {explanation}", style="dim", highlight=False, markup=False, soft_wrap=True
        )
    opening = opening_for(question.experiment)
    run_directory = RunDirectory.create(out or default_out(question.name))
    try:
        return run_watched(question, opening, run_directory, lines or stderr), run_directory
    except Exception as error:
        if lines is None and explained(error) is not None:
            print_aborted(run_directory, stderr, json=json)
        raise


def finish(
    result: Result, run_directory: RunDirectory, *, report: bool, json: bool, events: bool = False
) -> None:
    """Print the result and write the report.

    With ``events`` the last of the event lines has told the result, and it is not printed.
    Raises HostLost if hosts were lost, and ThresholdsMissed, after printing what was measured.
    """
    if not events:
        print_result(result, run_directory, json=json)
    if report:
        announce(run_directory.path, stderr=json or events)
    refuse_lost_hosts(result)
    if result.verdict.missed:
        raise ThresholdsMissed(
            f"{missed_text(result.verdict.missed)}; every figure is in {run_directory.path}"
        )

"""One measurement from a command: announced, run, printed, reported."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from onionrig.cli.live import default_out, run_watched
from onionrig.cli.printing import print_aborted, print_result
from onionrig.cli.report_files import announce, write_run_report
from onionrig.engine.local.equipment import Equipment
from onionrig.errors import MEASURED, TARGET_MISSED, OnionrigError
from onionrig.run.manifest import Asked
from onionrig.store.run_directory import RunDirectory

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.cli.question import Question
    from onionrig.records.result import Result


def measured(question: Question, *, repeat: int, out: Path | None) -> tuple[Result, RunDirectory]:
    """Run what was asked under a live view; return the result and where its records are."""
    asked = Asked.repeated(
        question.experiment,
        repeat,
        resolved=question.resolved,
        profile=question.name,
        command=tuple(sys.argv),
        boards=question.boards,
    )
    stderr = Console(stderr=True)
    for key, how in question.resolved.items():
        stderr.print(f"{key}: {how}", style="dim", highlight=False, markup=False, soft_wrap=True)
    equipment = Equipment.for_experiment(question.experiment)
    run_directory = RunDirectory.create(out or default_out(question.name))
    try:
        return run_watched(asked, equipment, run_directory, stderr), run_directory
    except OnionrigError:
        print_aborted(run_directory, stderr)
        raise


def finish(result: Result, run_directory: RunDirectory, *, report: bool, json: bool) -> None:
    """Print the result, write the report, and exit with the code that the verdict has."""
    print_result(result, run_directory, json=json)
    if report:
        announce(lambda: write_run_report(run_directory), stderr=json)
    raise typer.Exit(TARGET_MISSED if result.verdict.met is False else MEASURED)

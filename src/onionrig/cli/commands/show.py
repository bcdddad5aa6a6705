"""The show command: the summary of a run or a series again, from its files alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onionrig.cli.app import JsonOption, app
from onionrig.cli.help import RESULTS, described
from onionrig.cli.opened_run import opened_run
from onionrig.cli.output.printing import print_json, results
from onionrig.cli.output.result_output import print_result
from onionrig.store.account import account_of
from onionrig.store.bundle.reading import is_bundle
from onionrig.store.runs import series_kind, series_named
from onionrig.store.series_directory import SeriesDirectory
from onionrig.views.summary.comparison import comparison_summary
from onionrig.views.summary.repetition import repetition_summary
from onionrig.views.summary.sweep import sweep_summary

if TYPE_CHECKING:
    from rich.console import RenderableType

    from onionrig.records.series.comparison import Comparison
    from onionrig.records.series.repetition import RepeatResult
    from onionrig.records.series.sweep import SweepResult


@app.command(
    **described(
        RESULTS,
        "onionrig show latest",
        "onionrig show 20261125T101500Z --json",
        "onionrig show 20261125T101500Z-repeat-default",
        "onionrig show pi5-500mbit.onionrig",
    )
)
def show(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help='Run directory, part of a run\'s name, "latest", or bundle of a run; or a sweep, '
            "comparison or repetitions, by directory or whole name.",
        ),
    ],
    *,
    json: JsonOption = False,
) -> None:
    """Print the summary of a run or a series again, from its files."""
    series_path = series_named(run)
    if series_path is not None:
        _show_series(series_path, json=json)
        return
    bundle = Path(run) if is_bundle(Path(run)) else None
    with opened_run(run) as run_directory:
        account = account_of(run_directory)
        print_result(account.result, run_directory, json=json, notes=account.notes, bundle=bundle)


def _show_series(path: Path, *, json: bool) -> None:
    """Print what a series has measured so far. Raises RecordsUnreadable."""
    directory = SeriesDirectory(path)
    outcome: SweepResult | Comparison | RepeatResult
    summary: RenderableType
    match series_kind(path):
        case "sweep":
            outcome = directory.read_sweep()
            summary = sweep_summary(outcome, str(path))
        case "comparison":
            outcome = directory.read_comparison()
            summary = comparison_summary(outcome)
        case _:
            outcome = directory.read_repeat_result()
            summary = repetition_summary(outcome, str(path))
    if json:
        print_json(outcome)
    else:
        results().print(summary, highlight=False)

"""The report command: reports again, from files alone."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from onionrig.cli.app import app
from onionrig.cli.help import RESULTS, described
from onionrig.cli.output.report_files import draw_report, once, refuse_overwriting, reported
from onionrig.store.runs import distinct_names


@app.command(
    **described(
        RESULTS,
        "onionrig report latest",
        "onionrig report runs/sweep-default --out public_html",
    )
)
def report(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN…",
            help="Runs, sweeps, comparisons or repetitions, by directory or name, or bundles of "
            "runs.",
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Directory to write to, with one directory below it for each of several runs "
            "(default: the run directory; required for a bundle).",
        ),
    ] = None,
) -> None:
    """Make report.html and its charts again, from the files of a run or a series."""
    with contextlib.ExitStack() as stack:
        places = [stack.enter_context(reported(run, out)) for run in once(runs)]
        # one that is named twice is reported once
        distinct_places = list({path.resolve(): path for path in places}.values())
        for path, name in zip(distinct_places, distinct_names(distinct_places), strict=True):
            report_directory = out / name if out is not None and len(distinct_places) > 1 else out
            refuse_overwriting(path, report_directory)
            print(draw_report(path, report_directory))

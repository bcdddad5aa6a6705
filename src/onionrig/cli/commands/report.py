"""The report command: reports again, from files alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onionrig.cli.app import app
from onionrig.cli.report_files import write_report


@app.command()
def report(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN…", help="Runs, sweeps or comparisons: directories, or names."),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where to, instead of beside the run's files; of several, below it.",
        ),
    ] = None,
) -> None:
    """Make report.html and its charts again, from files alone."""
    for name in runs:
        below = out / Path(name).name if out is not None and len(runs) > 1 else out
        print(write_report(name, below))

"""The runs command: every run under a directory, with its headline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onionrig.cli.app import JsonOption, app
from onionrig.cli.help import RESULTS, described
from onionrig.cli.output.printing import print_json, results
from onionrig.store.listing import listed
from onionrig.store.runs import RUNS
from onionrig.views.runs import runs_view


@app.command(
    **described(
        RESULTS,
        "onionrig runs",
        "onionrig runs --under /srv/measurements --json",
    )
)
def runs(
    *,
    under: Annotated[
        Path, typer.Option(metavar="DIR", help="Directory whose runs are listed.")
    ] = RUNS,
    json: JsonOption = False,
) -> None:
    """List runs with their results, the newest last."""
    entries = listed(under)
    if json:
        print_json(entries)
    else:
        results().print(runs_view(entries, str(under)))

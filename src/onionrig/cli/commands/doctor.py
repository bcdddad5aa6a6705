"""The doctor command: whether this machine can run, and what to do if it cannot."""

from __future__ import annotations

import typer
from rich.markup import escape
from rich.table import Table

from onionrig.cli.app import JsonOption, app
from onionrig.cli.examination import able, examine
from onionrig.cli.help import MACHINE, described
from onionrig.cli.output.printing import print_json, results
from onionrig.errors import MEASURED, Unequipped


@app.command(
    **described(
        MACHINE,
        "onionrig doctor",
    )
)
def doctor(*, json: JsonOption = False) -> None:
    """Check whether this machine can run a rig, and say what to do if it cannot."""
    findings = examine()
    if json:
        print_json(findings)
    else:
        table = Table(box=None, pad_edge=False, show_header=False)
        for finding in findings:
            mark = {
                "ok": "[green]ok[/]",
                "warning": "[yellow]warning[/]",
                "missing": "[red]missing[/]",
            }
            table.add_row(
                mark[finding.verdict],
                finding.what,
                escape(finding.found),
                escape(finding.advice),
            )
        results().print(table)
    raise typer.Exit(MEASURED if able(findings) else Unequipped.exit_code)

"""The commands that look, and start nothing: show, runs, export, check, doctor, schema."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from onionrig.cli.app import ExperimentFile, Json, Profile, RunName, Settings, app
from onionrig.cli.asking import ask
from onionrig.cli.doctor import able, examine
from onionrig.cli.exporting import HELP, export_csv, export_prometheus
from onionrig.cli.printing import print_json, print_result
from onionrig.engine.equipment import Equipment
from onionrig.engine.finish import account_of
from onionrig.errors import MEASURED, Unequipped, UsageError
from onionrig.recorder.listing import listed
from onionrig.recorder.runs import RUNS, find_run
from onionrig.records.plan import Plan
from onionrig.records.probe import Probe
from onionrig.records.result import Result
from onionrig.rig.allocation import Programs, placeholder_allocation, placeholder_identities
from onionrig.rig.render import render
from onionrig.views.rig import rig_view
from onionrig.views.runs import runs_view

SCHEMAS = {"result": Result, "plan": Plan, "probe": Probe}


@app.command()
def show(
    run: RunName,
    *,
    json: Json = False,
) -> None:
    """Print the summary of a run again, from its files alone."""
    run_directory = find_run(run)
    account = account_of(run_directory)
    print_result(account.result, run_directory, json=json, notes=account.notes)


@app.command()
def runs(
    *,
    under: Annotated[Path, typer.Option(metavar="DIR", help="Where runs are.")] = RUNS,
    json: Json = False,
) -> None:
    """List the runs with what they came to, newest last; those of sweeps below the sweep."""
    found = listed(under)
    if json:
        print_json(found)
    else:
        Console().print(runs_view(found, under), highlight=False)


@app.command(help=HELP)
def export(
    run: RunName,
    *,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="DIR", help="Where the CSV files go: new, or empty."),
    ] = None,
    prometheus: Annotated[
        bool, typer.Option("--prometheus", help="Print the result in Prometheus' text format.")
    ] = False,
    prometheus_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write that to a file instead, replaced whole."),
    ] = None,
) -> None:
    """Write what was asked for."""
    if csv is None and not prometheus and prometheus_file is None:
        raise UsageError("nothing to export: give --csv DIR, --prometheus or --prometheus-file")
    run_directory = find_run(run)
    if csv is not None:
        export_csv(run_directory, csv)
    if prometheus or prometheus_file is not None:
        export_prometheus(run_directory, prometheus_file)


@app.command()
def check(
    experiment: ExperimentFile = None,
    *,
    profile: Profile = None,
    settings: Settings = None,
    json: Json = False,
) -> None:
    """Check an experiment and print the rig it renders to, without starting anything."""
    question = ask(experiment, profile, settings or [], {})
    allocation = placeholder_allocation(question.experiment, _programs_or_names())
    rig = render(question.experiment, placeholder_identities(question.experiment), allocation)
    if json:
        print_json(rig)
    else:
        Console().print(rig_view(rig, allocation.ports, question.resolved))


@app.command()
def doctor(*, json: Json = False) -> None:
    """Say whether this machine can run, and what to do where it cannot."""
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
            table.add_row(mark[finding.verdict], finding.what, finding.found, finding.advice)
        Console().print(table)
    raise typer.Exit(MEASURED if able(findings) else Unequipped.exit_code)


@app.command()
def schema(
    of: Annotated[str, typer.Argument(metavar="result|plan|probe", help="Of what.")] = "result",
) -> None:
    """Print the JSON Schema of result.json, or of what plan --json or probe --json print."""
    if of not in SCHEMAS:
        raise UsageError(f"no schema of {of!r}: there are {', '.join(SCHEMAS)}")
    print_json(msgspec.json.schema(SCHEMAS[of]))


def _programs_or_names() -> Programs:
    """Return the programs of this machine, or their names where they are not installed."""
    try:
        return Equipment.found().programs
    except Unequipped:
        return Programs(tor="tor", onionbalance="onionbalance", python=sys.executable)

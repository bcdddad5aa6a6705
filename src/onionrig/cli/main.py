"""The onionrig command line. A command parses, calls one function, prints."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from onionrig import __version__
from onionrig.cli.asking import ask, flags_layer, profile_names
from onionrig.cli.doctor import able, examine
from onionrig.cli.running import default_out, run_watched
from onionrig.engine.describe import Asked
from onionrig.engine.finish import summarised
from onionrig.engine.run import Equipment
from onionrig.errors import MEASURED, TARGET_MISSED, OnionrigError, Unequipped
from onionrig.recorder.run_directory import RunDirectory
from onionrig.recorder.runs import find_run
from onionrig.records.result import Result
from onionrig.rig.allocation import Programs, placeholder_allocation, placeholder_identities
from onionrig.rig.render import render
from onionrig.views.rig import rig_view
from onionrig.views.summary import summary

app = typer.Typer(
    name="onionrig",
    help="How many Mbit/s can one onion address serve, and what does it take?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

ExperimentFile = Annotated[
    Path | None, typer.Argument(metavar="EXPERIMENT.toml", help="What to run; a profile if absent.")
]
Profile = Annotated[
    str | None, typer.Option(help=f"A shipped profile: {', '.join(profile_names())}.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="TABLE.KEY=VALUE", help="Set any key of the experiment."),
]
Streams = Annotated[int | None, typer.Option(help="Streams in all (load.streams).")]
Backends = Annotated[int | None, typer.Option(help="Backend instances (backends.daemons).")]
Clients = Annotated[int | None, typer.Option(help="Client tors (load.clients).")]
Hold = Annotated[str | None, typer.Option(metavar="SECONDS", help="How long to hold (load.hold).")]
SingleHop = Annotated[bool, typer.Option("--single-hop", help="Single-hop backend instances.")]
Target = Annotated[
    str | None, typer.Option(metavar="RATE", help='Target, as in "500Mbit" (verdict.target).')
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON alone on stdout.")]


def main() -> None:
    """Run the command line; an error that is explained becomes a line and its exit code."""
    try:
        app()
    except OnionrigError as error:
        stderr = Console(stderr=True)
        stderr.print(
            f"error: {error}", style="bold red", highlight=False, markup=False, soft_wrap=True
        )
        for note in getattr(error, "__notes__", ()):
            stderr.print(note, highlight=False, markup=False, soft_wrap=True)
        sys.exit(error.exit_code)


def _version(asked: bool) -> None:  # noqa: FBT001 - typer calls it with the flag
    if asked:
        print(f"onionrig {__version__}")
        raise typer.Exit


@app.callback()
def onionrig(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Measure how many Mbit/s one onion address can serve, and what it takes."""


@app.command()
def run(  # noqa: PLR0913 - one parameter an option
    experiment: ExperimentFile = None,
    *,
    profile: Profile = None,
    settings: Settings = None,
    streams: Streams = None,
    backends: Backends = None,
    clients: Clients = None,
    hold: Hold = None,
    single_hop: SingleHop = False,
    target: Target = None,
    out: Annotated[
        Path | None, typer.Option(help="The run directory; runs/<UTC time>-<profile> if absent.")
    ] = None,
    json: Json = False,
) -> None:
    """Bring up the rig, put the load on, hold, and say the sustained rate."""
    flags = flags_layer(
        streams=streams,
        backends=backends,
        clients=clients,
        hold=hold,
        single_hop=single_hop,
        target=target,
    )
    question = ask(experiment, profile, settings or [], flags)
    asked = Asked(
        experiment=question.experiment,
        resolved=question.resolved,
        profile=question.name,
        command=tuple(sys.argv),
    )
    stderr = Console(stderr=True)
    for key, how in question.resolved.items():
        stderr.print(f"{key}: {how}", style="dim", highlight=False, markup=False, soft_wrap=True)
    equipment = Equipment.found()
    run_directory = RunDirectory.create(out or default_out(question.name))
    try:
        result = run_watched(asked, equipment, run_directory, stderr)
    except OnionrigError:
        _print_aborted(run_directory, stderr)
        raise
    _print_result(result, run_directory, json=json)
    raise typer.Exit(TARGET_MISSED if result.verdict.met is False else MEASURED)


@app.command()
def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run directory, or a run's name.")],
    *,
    json: Json = False,
) -> None:
    """Print the summary of a run again, from its files alone."""
    run_directory = find_run(run)
    _print_result(summarised(run_directory), run_directory, json=json)


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
        print(msgspec.json.format(msgspec.json.encode(rig)).decode())
    else:
        Console().print(rig_view(rig, allocation.ports, question.resolved))


@app.command()
def doctor(*, json: Json = False) -> None:
    """Say whether this machine can run, and what to do where it cannot."""
    findings = examine()
    if json:
        print(msgspec.json.format(msgspec.json.encode(findings)).decode())
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
def schema() -> None:
    """Print the JSON Schema of result.json."""
    print(msgspec.json.format(msgspec.json.encode(msgspec.json.schema(Result))).decode())


def _print_result(result: Result, run_directory: RunDirectory, *, json: bool) -> None:
    if json:
        print(msgspec.json.format(msgspec.json.encode(result)).decode())
    else:
        Console().print(summary(result, run_directory.path), highlight=False)


def _print_aborted(run_directory: RunDirectory, stderr: Console) -> None:
    try:
        result = summarised(run_directory)
    except OnionrigError:
        return
    stderr.print(summary(result, run_directory.path), highlight=False)


def _programs_or_names() -> Programs:
    """Return the programs of this machine, or their names where they are not installed."""
    try:
        return Equipment.found().programs
    except Unequipped:
        return Programs(tor="tor", onionbalance="onionbalance", python=sys.executable)

"""The commands that measure once: run, baseline."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from onionrig.cli.app import (
    Backends,
    Balancer,
    Clients,
    ExperimentFile,
    Hold,
    Json,
    Out,
    Profile,
    Repeat,
    Report,
    Scale,
    Settings,
    SingleHop,
    Streams,
    Target,
    app,
)
from onionrig.cli.asking import Question, ask, baseline_layer, flags_layer
from onionrig.cli.printing import print_aborted, print_result
from onionrig.cli.report_writing import announce, write_run_report
from onionrig.cli.running import default_out, run_watched
from onionrig.engine.describe import Asked
from onionrig.engine.equipment import Equipment
from onionrig.errors import MEASURED, TARGET_MISSED, OnionrigError, UsageError
from onionrig.recorder.run_directory import RunDirectory
from onionrig.views.served import served

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.records.result import Result


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
    balancer: Balancer = None,
    scale: Scale = None,
    target: Target = None,
    repeat: Repeat = 1,
    out: Out = None,
    report: Report = True,
    json: Json = False,
) -> None:
    """Bring up the rig, put the load on, hold, and say the sustained rate."""
    flags = flags_layer(
        streams=streams,
        backends=backends,
        clients=clients,
        hold=hold,
        single_hop=single_hop,
        balancer=balancer,
        scale=scale,
        target=target,
    )
    question = ask(experiment, profile, settings or [], flags)
    result, run_directory = _measured(question, repeat=repeat, out=out)
    _finish(result, run_directory, report=report, json=json)


@app.command()
def baseline(  # noqa: PLR0913 - one parameter an option
    experiment: ExperimentFile = None,
    *,
    to: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Pull from a source there; `nc -l` will do."),
    ] = None,
    listen: Annotated[
        bool, typer.Option("--listen", help="Serve only, until Ctrl-C; pull with --to elsewhere.")
    ] = False,
    at: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where --listen serves.")
    ] = "0.0.0.0:9000",
    profile: Profile = None,
    settings: Settings = None,
    streams: Streams = None,
    hold: Hold = None,
    scale: Scale = None,
    target: Target = None,
    repeat: Repeat = 1,
    out: Out = None,
    report: Report = True,
    json: Json = False,
) -> None:
    """Move the same bytes without Tor: over loopback, or between two hosts. The ceiling."""
    if to and listen:
        raise UsageError("--to pulls and --listen serves: one of them on each host")
    flags = flags_layer(streams=streams, hold=hold, scale=scale, target=target)
    question = ask(
        experiment,
        profile,
        settings or [],
        baseline_layer(flags, peer=to, listen=at if listen else None),
        name="baseline",
    )
    result, run_directory = _measured(question, repeat=0 if listen else repeat, out=out)
    if listen and not json:
        print(served(run_directory.recording()))
        return
    _finish(result, run_directory, report=report, json=json)


def _measured(question: Question, *, repeat: int, out: Path | None) -> tuple[Result, RunDirectory]:
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


def _finish(result: Result, run_directory: RunDirectory, *, report: bool, json: bool) -> None:
    print_result(result, run_directory, json=json)
    if report:
        announce(lambda: write_run_report(run_directory), stderr=json)
    raise typer.Exit(TARGET_MISSED if result.verdict.met is False else MEASURED)

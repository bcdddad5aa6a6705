"""The baseline command: the same bytes without Tor, which is the ceiling."""

from __future__ import annotations

from typing import Annotated

import typer

from onionrig.cli.app import (
    ExperimentFile,
    Hold,
    Inventory,
    Json,
    Out,
    Profile,
    Repeat,
    Report,
    Scale,
    Settings,
    Streams,
    Target,
    app,
)
from onionrig.cli.measurement import finish, measured
from onionrig.cli.question import ask, baseline_layer, flags_layer
from onionrig.engine.emulation.privileges import enter_user_namespace_if_needed
from onionrig.errors import UsageError
from onionrig.views.summary.run import served


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
    inventory: Inventory = None,
    target: Target = None,
    repeat: Repeat = 1,
    out: Out = None,
    report: Report = True,
    json: Json = False,
) -> None:
    """Move the same bytes without Tor: over loopback, or between two hosts. The ceiling."""
    if to and listen:
        raise UsageError("--to pulls and --listen serves: one of them on each host")
    flags = flags_layer(streams=streams, hold=hold, scale=scale, target=target, inventory=inventory)
    question = ask(
        experiment,
        profile,
        settings or [],
        baseline_layer(flags, peer=to, listen=at if listen else None),
        name="baseline",
    ).repeated(repeat)
    if question.experiment.has_emulated_hosts:
        enter_user_namespace_if_needed()
    result, run_directory = measured(question, out=out)
    if listen and not json:
        print(served(run_directory.recording()))
        return
    finish(result, run_directory, report=report, json=json)

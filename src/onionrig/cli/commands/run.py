"""The run command: bring up the rig, put the load on, hold, and say the sustained rate."""

from __future__ import annotations

import typer

from onionrig.cli.app import (
    Backends,
    Balancer,
    Clients,
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
    SingleHop,
    Streams,
    Target,
    app,
    refuse_without_effect,
)
from onionrig.cli.help import MEASURE, described
from onionrig.cli.measurement import finish, measured
from onionrig.cli.question import ask, flags_layer
from onionrig.engine.emulation.privileges import enter_user_namespace_if_needed


@app.command(
    **described(
        MEASURE,
        "onionrig run",
        "onionrig run --profile smoke",
        "onionrig run my.toml --hold 2m --target 300Mbit",
        "onionrig run --streams 64 --single-hop --set backends.daemons=8",
        "onionrig run my.toml -i inventory.yml",
    )
)
def run(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
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
    inventory: Inventory = None,
    target: Target = None,
    repeat: Repeat = 1,
    out: Out = None,
    report: Report = True,
    json: Json = False,
) -> None:
    """Measure the rate that one onion address sustains, and what bounds it.

    Brings up a private Tor network with the address on it, ramps the load up, holds it, and writes
    a run directory with every record, the result and a report.
    """
    flags = flags_layer(
        streams=streams,
        backends=backends,
        clients=clients,
        hold=hold,
        single_hop=single_hop,
        balancer=balancer,
        scale=scale,
        target=target,
        inventory=inventory,
    )
    question = ask(experiment, profile, settings or [], flags).repeated(repeat)
    if question.experiment.network.kind == "none":
        refuse_without_effect(
            context, "backends", "clients", "single_hop", "balancer",
            reason='network.kind = "none": a baseline has no tors',
        )  # fmt: skip
    if question.experiment.has_emulated_hosts:
        enter_user_namespace_if_needed()
    result, run_directory = measured(question, out=out, json=json)
    finish(result, run_directory, report=report, json=json)

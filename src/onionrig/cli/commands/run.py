"""The run command: bring up the rig, put the load on, hold, and print the sustained rate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onionrig.cli.app import (
    AUTO,
    BackendsOption,
    BalancerOption,
    ClientsOption,
    ExperimentFileArgument,
    HoldOption,
    InventoryOption,
    JsonOption,
    OutOption,
    ProfileOption,
    ReportOption,
    ScaleOption,
    SettingsOption,
    SingleHopOption,
    StreamsOption,
    TargetOption,
    app,
    refuse_without_effect,
    repetitions_of,
)
from onionrig.cli.help import MEASURE, described
from onionrig.cli.measurement import finish, measured
from onionrig.cli.output.event_output import Events, event_lines
from onionrig.cli.question import ask, asked_layers, flags_layer, name_of
from onionrig.cli.series.until_known import (
    BUDGET,
    WITHIN,
    holds_until_known,
    made_for,
    plan_of,
    question_to_repeat,
    run_until_known,
)
from onionrig.engine.emulation.privileges import enter_user_namespace_if_needed
from onionrig.experiment.decode import experiment_from, plain
from onionrig.store.series_directory import SeriesDirectory

if TYPE_CHECKING:
    from onionrig.experiment.question import Question

ASKED = (
    "experiment", "profile", "settings", "streams", "backends", "clients", "hold", "single_hop",
    "balancer", "scale", "inventory", "target", "repeat", "within", "budget",
    "holds", "out",
)  # fmt: skip
"""Parameters that determine what is run, and where."""


@app.command(
    **described(
        MEASURE,
        "onionrig run",
        "onionrig run --profile smoke",
        "onionrig run my.toml --hold 2m --target 300Mbit",
        "onionrig run --streams 64 --single-hop --set backends.daemons=8",
        "onionrig run my.toml -i inventory.yml",
        "onionrig run --repeat auto --within 5% --budget 30m",
        "onionrig run --events json",
    )
)
def run(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    experiment: ExperimentFileArgument = None,
    *,
    profile: ProfileOption = None,
    settings: SettingsOption = None,
    streams: StreamsOption = None,
    backends: BackendsOption = None,
    clients: ClientsOption = None,
    hold: HoldOption = None,
    single_hop: SingleHopOption = False,
    balancer: BalancerOption = None,
    scale: ScaleOption = None,
    inventory: InventoryOption = None,
    target: TargetOption = None,
    repeat: Annotated[
        str,
        typer.Option(
            metavar="N|auto",
            help="Number of holds on one network, or auto to repeat the run on fresh networks "
            "until the rate is known as precisely as --within says.",
        ),
    ] = "1",
    within: Annotated[
        str,
        typer.Option(
            metavar="SHARE",
            help="Precision at which --repeat auto stops: how far the ends of the rate's 95 % "
            "interval may be from the rate, as a share of the rate.",
        ),
    ] = WITHIN,
    budget: Annotated[
        str, typer.Option(metavar="TIME", help="Longest time that --repeat auto may take.")
    ] = BUDGET,
    holds: Annotated[
        bool,
        typer.Option(
            "--holds",
            help="Repeat holds on a single network with --repeat auto; the rate of another network "
            "may differ.",
        ),
    ] = False,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Directory of an unfinished --repeat auto to resume (default: none).",
        ),
    ] = None,
    out: OutOption = None,
    report: ReportOption = True,
    events: Events = None,
    json: JsonOption = False,
) -> None:
    """Measure the rate that one onion address sustains, and name its bottleneck.

    Brings up a private Tor network with the address on it, ramps the load up, holds it, and writes
    a run directory with every record, the result and a report.
    """
    if resume is not None:
        refuse_without_effect(context, *ASKED, reason="--resume goes on with what was asked")
        directory = SeriesDirectory(resume.absolute())
        plan = directory.read_repeat_plan()
        question = _ready(context, question_to_repeat(plan))
        run_until_known(
            question, plan, directory=directory, report=report, events=events, json=json
        )
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
    if repeat == AUTO and not holds:
        plan = plan_of(
            name_of(experiment, profile),
            plain(experiment_from(asked_layers(experiment, profile, settings or [], flags))),
            within=within,
            budget=budget,
        )
        question = _ready(context, question_to_repeat(plan))
        directory = made_for(plan, out)
        run_until_known(
            question, plan, directory=directory, report=report, events=events, json=json
        )
    question = _ready(context, ask(experiment, profile, settings or [], flags))
    if repeat == AUTO:
        question = holds_until_known(question, within=within, budget=budget)
    else:
        refuse_without_effect(
            context, "within", "budget", "holds",
            reason=f"only --repeat {AUTO} goes on until a rate is known",
        )  # fmt: skip
        question = question.repeated(repetitions_of(repeat, why_not_auto=""))
    with event_lines(events, json=json) as lines:
        result, run_directory = measured(question, out=out, json=json, lines=lines)
    finish(result, run_directory, report=report, json=json, events=lines is not None)


def _ready(context: typer.Context, question: Question) -> Question:
    """Refuse options without effect on this question; may restart this program in a namespace."""
    if question.experiment.network.kind == "none":
        refuse_without_effect(
            context, "backends", "clients", "single_hop", "balancer",
            reason='network.kind = "none": a baseline has no tors',
        )  # fmt: skip
    if question.experiment.has_emulated_hosts:
        enter_user_namespace_if_needed()
    return question

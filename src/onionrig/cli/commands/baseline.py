"""The baseline command: the same bytes without Tor, which is the ceiling."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from onionrig.cli.app import (
    ExperimentFileArgument,
    HoldOption,
    InventoryOption,
    JsonOption,
    OutOption,
    ProfileOption,
    RepeatOption,
    ReportOption,
    ScaleOption,
    SettingsOption,
    StreamsOption,
    TargetOption,
    app,
    refuse_without_effect,
)
from onionrig.cli.help import MEASURE, described
from onionrig.cli.live import default_out, runs_watched
from onionrig.cli.measurement import finish, measured
from onionrig.cli.output.event_output import Events, event_lines
from onionrig.cli.output.printing import results
from onionrig.cli.question import BASELINE, ask, flags_layer
from onionrig.engine.emulation.privileges import enter_user_namespace_if_needed
from onionrig.engine.registry import opening_for
from onionrig.errors import HostsInUse, UsageError
from onionrig.experiment.hosts import hosts_for
from onionrig.series.links import each_link_alone
from onionrig.views.summary.each_link import each_link_table
from onionrig.views.summary.run import served

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.experiment.question import Question
    from onionrig.records.result import Result
    from onionrig.views.live.event_lines import EventLines


@app.command(
    **described(
        MEASURE,
        "onionrig baseline",
        "onionrig baseline --listen --at 0.0.0.0:9000",
        "onionrig baseline --to pi1:9000 --streams 8",
        "onionrig baseline -i inventory.yml",
    )
)
def baseline(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    experiment: ExperimentFileArgument = None,
    *,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Source to pull from, such as a `baseline --listen` or an `nc -l` there "
            "(default: a source of its own, over loopback).",
        ),
    ] = None,
    listen: Annotated[
        bool,
        typer.Option(
            "--listen", help="Serve until Ctrl-C, for a `baseline --to` elsewhere to pull from."
        ),
    ] = False,
    at: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Address and port at which --listen serves.")
    ] = "0.0.0.0:9000",
    profile: ProfileOption = None,
    settings: SettingsOption = None,
    streams: StreamsOption = None,
    hold: HoldOption = None,
    scale: ScaleOption = None,
    inventory: InventoryOption = None,
    at_once: Annotated[
        bool,
        typer.Option(
            "--at-once",
            help="Measure all links of an inventory at once only (default: each alone first).",
        ),
    ] = False,
    target: TargetOption = None,
    repeat: RepeatOption = 1,
    out: OutOption = None,
    report: ReportOption = True,
    events: Events = None,
    json: JsonOption = False,
) -> None:
    """Move the same bytes without Tor, to find the ceiling of this machine or its links.

    It measures over loopback or between hosts. With an inventory, every host that serves is
    measured alone first, and then all of them at once.
    """
    if to and listen:
        raise UsageError("--to pulls and --listen serves: one of them on each host")
    if not listen:
        refuse_without_effect(context, "at", reason="only --listen serves anywhere")
    if listen:  # before the experiment is checked, which would name keys and not options
        _refuse_what_pulls(context)
    flags = flags_layer(
        streams=streams,
        hold=hold,
        scale=scale,
        target=target,
        inventory=inventory,
        peer=to,
        listen=at if listen else None,
    )
    question = ask(
        experiment, profile, settings or [], flags, fixed=BASELINE, name="baseline"
    ).repeated(repeat)
    if question.serves_only:
        _refuse_what_pulls(context)
    if not question.experiment.has_real_hosts:
        refuse_without_effect(
            context, "at_once", reason="only an inventory (-i) has links to measure each alone"
        )
    if question.experiment.has_emulated_hosts:
        enter_user_namespace_if_needed()
    single_results: dict[str, Result] = {}
    with event_lines(events, json=json) as lines:
        if not at_once and _has_several_links(question):
            opening_for(question.experiment)  # what is missing is reported before anything is made
            out = out or default_out(question.name)
            single_results = _results_by_host(question, out, lines)
        result, run_directory = measured(question, out=out, json=json, lines=lines)
    summarised = not json and lines is None
    if single_results and summarised:
        results().print(each_link_table(single_results, result))
    if question.serves_only and summarised:
        print(served(run_directory.recording()))
        return
    draws = report and not question.serves_only
    finish(result, run_directory, report=draws, json=json, events=lines is not None)


def _refuse_what_pulls(context: typer.Context) -> None:
    refuse_without_effect(
        context, "streams", "hold", "target", "repeat", "report",
        reason="--listen serves whoever pulls, until Ctrl-C; say it where --to pulls",
    )  # fmt: skip


def _has_several_links(question: Question) -> bool:
    experiment = question.experiment
    return experiment.has_real_hosts and len(hosts_for(experiment, "backend")) > 1


def _results_by_host(question: Question, out: Path, lines: EventLines | None) -> dict[str, Result]:
    """Return the result of each serving host's link, measured alone."""
    stderr = Console(stderr=True)
    directory = out.with_name(f"{out.name}-alone")
    stderr.print(f"each link alone first: {directory}", style="dim", markup=False, soft_wrap=True)
    try:
        return each_link_alone(question, directory, runs_watched(lines or stderr))
    except HostsInUse:
        for path in (directory, out):
            with contextlib.suppress(OSError):  # something was measured before
                path.rmdir()
        raise

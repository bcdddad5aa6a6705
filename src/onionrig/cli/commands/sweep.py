"""The sweep command: every combination of some settings, resumable."""

from __future__ import annotations

import contextlib
import datetime
import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from onionrig.analysis.several_runs.grid import axis_from, combinations, layers_of_point
from onionrig.cli.app import (
    ExperimentFileArgument,
    HoldOption,
    InventoryOption,
    JsonOption,
    ProfileOption,
    ReportOption,
    ScaleOption,
    SettingsOption,
    StreamsOption,
    app,
    refuse_without_effect,
    repetitions_of,
)
from onionrig.cli.help import MEASURE, described
from onionrig.cli.live import default_out, runs_watched
from onionrig.cli.output.event_output import Events, event_lines
from onionrig.cli.output.printing import print_json, results
from onionrig.cli.output.report_files import announce
from onionrig.cli.question import (
    FLAGS,
    asked_layers,
    flags_layer,
    name_of,
    question_of,
)
from onionrig.cli.series.printer import SeriesPrinter
from onionrig.engine.emulation.privileges import enter_user_namespace_if_needed
from onionrig.engine.registry import opening_for
from onionrig.errors import MEASURED, OnionrigError, RecordsUnreadable, UsageError
from onionrig.experiment.decode import experiment_from, plain
from onionrig.experiment.question import refuse_repetitions
from onionrig.experiment.torrc_lines import torrc_tables
from onionrig.records.series.sweep import SweepPlan
from onionrig.series.sweep import Sweep
from onionrig.store.series_directory import SWEEP_PLAN, SWEEP_RESULT, SeriesDirectory
from onionrig.views.summary.sweep import sweep_summary

if TYPE_CHECKING:
    from onionrig.analysis.several_runs.grid import Settings as GridSettings
    from onionrig.experiment.question import Question
    from onionrig.records.series.sweep import Axis, SweepResult

ASKED = (
    "experiment", "over", "profile", "settings", "streams", "hold", "scale", "inventory", "repeat",
    "out",
)  # fmt: skip
"""Parameters that determine what is swept, and where."""


def _rounds(word: str) -> int:
    return repetitions_of(
        word,
        why_not_auto="a sweep measures every point equally often, so that a drift meets all alike; "
        "say how many times",
    )


@app.command(
    **described(
        MEASURE,
        "onionrig sweep --over load.streams=1,4,16",
        "onionrig sweep my.toml --over backends.daemons=1,2,4 --over load.streams=8,32 --repeat 3",
        "onionrig sweep --resume runs/sweep-default",
    )
)
def sweep(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    experiment: ExperimentFileArgument = None,
    *,
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=V,V,…",
            help="Key to vary and its values, such as load.streams=1,4,16; repeatable, and one "
            "is required unless a sweep is resumed.",
        ),
    ] = None,
    profile: ProfileOption = None,
    settings: SettingsOption = None,
    streams: StreamsOption = None,
    hold: HoldOption = None,
    scale: ScaleOption = None,
    inventory: InventoryOption = None,
    repeat: Annotated[
        int, typer.Option(parser=_rounds, metavar="N", help="Number of runs of every point.")
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Directory of the sweep; an unfinished sweep of the same question is resumed "
            "(default: runs/<UTC time>-sweep-<profile>).",
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Directory of an unfinished sweep to resume with its own settings (default: "
            "none).",
        ),
    ] = None,
    report: ReportOption = True,
    events: Events = None,
    json: JsonOption = False,
) -> None:
    """Measure every combination of some settings, and find where a larger load stops helping.

    A sweep that was stopped or killed can be resumed.
    """
    stderr = Console(stderr=True)
    if resume is not None:
        refuse_without_effect(context, *ASKED, reason="--resume goes on with what was asked")
        directory = SeriesDirectory(resume)
        plan = directory.read_plan()
        _refuse_impossible(plan)
    else:
        if not over:
            raise UsageError("a sweep varies something: --over load.streams=1,4,16")
        axes = tuple(axis_from(text) for text in over)
        _refuse_fixed(context, axes, settings or [])
        flags = flags_layer(streams=streams, hold=hold, scale=scale, inventory=inventory)
        layers = asked_layers(experiment, profile, settings or [], flags)
        plan = SweepPlan(
            name=name_of(experiment, profile),
            started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            command=tuple(sys.argv),
            experiment=plain(experiment_from(layers)),
            axes=axes,
            repeat=repeat,
        )
        directory = _opened(out, plan)
    with event_lines(events, json=json) as lines:
        series = Sweep(
            plan,
            directory,
            ask=functools.partial(_question, plan),
            run_one=runs_watched(lines or stderr),
            tell=SeriesPrinter(stderr, directory.path, resume="onionrig sweep --resume").tell,
        )
        try:
            result, code = series.run()
        except OnionrigError:
            if json and lines is None:
                with contextlib.suppress(RecordsUnreadable):  # the disk was full from the start
                    print_json(directory.read_sweep())
            raise
        if lines is not None:
            path = str(directory.path / SWEEP_RESULT)
            lines.series_ended(
                str(directory.path), result, result_path=path, exit_code=code or MEASURED
            )
    if lines is None:
        _print(result, directory, json=json)
    if report:
        announce(directory.path, stderr=json or lines is not None)
    raise typer.Exit(code or MEASURED)


def _print(result: SweepResult, directory: SeriesDirectory, *, json: bool) -> None:
    if json:
        print_json(result)
    else:
        results().print(sweep_summary(result, str(directory.path)))


def _refuse_fixed(context: typer.Context, axes: tuple[Axis, ...], settings: list[str]) -> None:
    """Raise UsageError for a key that is both varied and set: the set value has no effect."""
    for axis in axes:
        reason = f"--over varies {axis.key}"
        if axis.key in FLAGS:
            refuse_without_effect(
                context, FLAGS[axis.key].lstrip("-").replace("-", "_"), reason=reason
            )
        if any(setting.partition("=")[0].strip() == axis.key for setting in settings):
            raise UsageError(f"--set {axis.key}: {reason}")


def _opened(out: Path | None, plan: SweepPlan) -> SeriesDirectory:
    """Make the directory, or continue in one that was made for the same sweep."""
    # the question is checked first, so that nothing is made for one that cannot be run
    _refuse_impossible(plan)
    path = out or default_out(f"sweep-{plan.name}")
    if not (path / SWEEP_PLAN).exists():
        directory = SeriesDirectory.create(path)
        directory.write_plan(plan)
        return directory
    directory = SeriesDirectory(path.absolute())
    recorded_plan = directory.read_plan()
    if _comparable_parts(recorded_plan) != _comparable_parts(plan):
        raise UsageError(f"{path} holds another sweep; choose a new --out, or --resume that one")
    return directory


def _refuse_impossible(plan: SweepPlan) -> None:
    """Check every point, and check that hosts can be emulated if any point has some.

    Raises UsageError and Unequipped; may start this program again in a user namespace.
    """
    questions = [_question(plan, point) for point in combinations(plan.axes)]
    refuse_repetitions(plan.repeat, questions)
    if any(question.serves_only for question in questions):
        raise UsageError("baseline.listen serves and measures nothing: leave it out of a sweep")
    if any(question.experiment.has_emulated_hosts for question in questions):
        enter_user_namespace_if_needed()
    by_lines = {_added_lines(question): question for question in questions}
    for question in by_lines.values():
        opening_for(question.experiment)  # what is missing is reported before anything is made


def _added_lines(question: Question) -> tuple[tuple[str, ...], ...]:
    """Return the lines that a point adds to torrcs: tor is asked about each set of them."""
    return tuple(torrc_tables(question.experiment).values())


def _comparable_parts(plan: SweepPlan) -> tuple[object, ...]:
    return experiment_from([plan.experiment]), plan.axes, plan.repeat


def _question(plan: SweepPlan, point: GridSettings) -> Question:
    question = question_of([plan.experiment, *layers_of_point(point)], name=plan.name)
    return question.asked_by(plan.command)

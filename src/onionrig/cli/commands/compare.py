"""The compare command: two runs or series, or two experiments that alternate, side by side."""

from __future__ import annotations

import contextlib
import datetime
import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from onionrig.analysis.several_runs.conditions import condition_from
from onionrig.analysis.several_runs.judging import DEFAULT_PAIRS, FEWEST_PAIRS
from onionrig.cli.app import (
    HoldOption,
    InventoryOption,
    JsonOption,
    ReportOption,
    ScaleOption,
    SettingsOption,
    app,
    refuse_without_effect,
    repetitions_of,
)
from onionrig.cli.help import MEASURE, described
from onionrig.cli.live import default_out, runs_watched
from onionrig.cli.opened_run import opened_run
from onionrig.cli.output.event_output import Events, event_lines
from onionrig.cli.output.printing import print_json, results
from onionrig.cli.output.report_files import announce
from onionrig.cli.profiles import profile_names
from onionrig.cli.question import asked_layers, flags_layer, question_of
from onionrig.engine.emulation.privileges import enter_user_namespace_if_needed
from onionrig.engine.registry import opening_for
from onionrig.errors import (
    MEASURED,
    ComparisonFails,
    ComparisonUndecided,
    OnionrigError,
    UsageError,
)
from onionrig.experiment.decode import experiment_from, plain
from onionrig.experiment.question import refuse_repetitions
from onionrig.experiment.thresholds import roles_of
from onionrig.records.series.comparison import ComparePlan
from onionrig.series.base import expected_seconds
from onionrig.series.comparison import questions_compared, runs_compared
from onionrig.store.runs import series_kind, series_named
from onionrig.store.series_directory import COMPARISON, SeriesDirectory
from onionrig.views.summary.comparison import (
    comparison_ahead,
    comparison_markdown,
    comparison_summary,
    condition_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onionrig.analysis.several_runs.conditions import Condition
    from onionrig.experiment.decode import Layer
    from onionrig.experiment.question import Question
    from onionrig.records.series.comparison import Comparison
    from onionrig.store.run_directory import RunDirectory


def _pairs(word: str) -> int:
    return repetitions_of(
        word,
        why_not_auto="a comparison that goes on until it shows something finds differences between "
        "equals; say how many pairs",
    )


@app.command(
    **described(
        MEASURE,
        "onionrig compare default single-hop",
        "onionrig compare smoke smoke --set-b frontend.balancer=extended",
        "onionrig compare before.toml after.toml --markdown",
        'onionrig compare default single-hop --fail-if "sustained < 95%"',
        "onionrig compare 20261125T101500Z latest",
        "onionrig compare 20261125T101500Z-repeat-default 20261129T090000Z-repeat-default",
        "onionrig compare latest pi5-500mbit.onionrig",
    )
)
def compare(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    a: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="Run, bundle, repetitions, EXPERIMENT.toml or profile to compare.",
        ),
    ],
    b: Annotated[
        str,
        typer.Argument(
            metavar="B",
            help="Other side of the comparison: a run, bundle or repetitions if A is one of these, "
            "otherwise an experiment.",
        ),
    ],
    *,
    settings: SettingsOption = None,
    a_settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set-a",
            metavar="TABLE.KEY=VALUE",
            help="Value for a key of experiment A only; repeatable (default: none).",
        ),
    ] = None,
    b_settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set-b",
            metavar="TABLE.KEY=VALUE",
            help="Value for a key of experiment B only; repeatable (default: none).",
        ),
    ] = None,
    hold: HoldOption = None,
    scale: ScaleOption = None,
    inventory: InventoryOption = None,
    repeat: Annotated[
        int,
        typer.Option(
            parser=_pairs,
            metavar="N",
            help=f"Number of pairs of runs; at least {FEWEST_PAIRS} are needed for a difference to "
            "be significant.",
        ),
    ] = DEFAULT_PAIRS,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Condition on B relative to A under which the comparison fails, such as "
            '"sustained < 95%" or "cpu backend > 105%"; repeatable (default: none).',
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Directory of a comparison of experiments (default: runs/<UTC time>-compare).",
        ),
    ] = None,
    report: ReportOption = True,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a Markdown table, for an issue or a page.")
    ] = False,
    events: Events = None,
    json: JsonOption = False,
) -> None:
    """Compare two runs or series, or alternate runs of two experiments: where do they differ?

    Every difference comes with its 95 % confidence interval, and settings that differ are listed.
    With --fail-if, the exit code says whether B passes or fails, or that the runs cannot decide it.
    """
    if json or events:
        reason = f"{'--json' if json else '--events'} prints JSON alone"
        refuse_without_effect(context, "markdown", reason=reason)
    if _is_experiment(a) != _is_experiment(b):
        raise UsageError(
            "compare a run with a run or repetitions, or an experiment with an experiment"
        )
    if _is_experiment(a):
        a_title, b_title = _titles(a, b)
        flags = flags_layer(hold=hold, scale=scale, inventory=inventory)
        ask = functools.partial(_question, common=settings or [], flags=flags)
        sides = (
            ask(a, title=a_title, own=a_settings or [], option="--set-a"),
            ask(b, title=b_title, own=b_settings or [], option="--set-b"),
        )
        _compare_experiments(
            sides,
            repeat=repeat,
            fail_if=fail_if or [],
            out=out,
            report=report,
            markdown=markdown,
            events=events,
            json=json,
        )
        return
    refuse_without_effect(
        context, "settings", "a_settings", "b_settings", "hold", "scale", "inventory", "repeat",
        "out", "report", "events",
        reason="these are runs already: they are compared as they were run",
    )  # fmt: skip
    with _recorded(a) as a_recorded, _recorded(b) as b_recorded:
        conditions = _conditions_on_series(fail_if or [], (a_recorded, b_recorded))
        comparison = runs_compared(a_recorded, b_recorded, conditions=conditions)
    _print(comparison, markdown=markdown, json=json)
    failure = failure_of(comparison)
    if failure is not None:
        raise failure


@contextlib.contextmanager
def _recorded(name: str) -> Iterator[RunDirectory | SeriesDirectory]:
    """Give a run or bundle, or repetitions until a rate is known. Raises RecordsUnreadable."""
    path = series_named(name)
    if path is not None and series_kind(path) == "repetition":
        yield SeriesDirectory(path)
        return
    with opened_run(name) as run_directory:
        yield run_directory


def _conditions_on_series(
    texts: list[str], sides: tuple[RunDirectory | SeriesDirectory, ...]
) -> list[Condition]:
    """Return the conditions under which a comparison of series fails. Raises UsageError."""
    if not texts:
        return []
    roles = []
    for side in sides:
        if not isinstance(side, SeriesDirectory):
            raise UsageError(
                f"--fail-if: {side.path} is a single run, and no interval that could decide a "
                "condition follows from one network; compare two `run --repeat auto`, or two "
                f"experiments with --repeat {FEWEST_PAIRS} or more"
            )
        roles.append(roles_of(experiment_from([side.read_repeat_plan().experiment])))
    return [condition_from(text, roles=frozenset.intersection(*roles)) for text in texts]


def _compare_experiments(  # noqa: PLR0913 - what was typed about a comparison of experiments
    sides: tuple[Question, Question],
    *,
    repeat: int,
    fail_if: list[str],
    out: Path | None,
    report: bool,
    markdown: bool,
    events: str | None,
    json: bool,
) -> None:
    """Alternate runs of two experiments, and print how they compare.

    Raises ComparisonFails or ComparisonUndecided, after printing what was measured.
    """
    refuse_repetitions(repeat, sides)
    if any(question.serves_only for question in sides):
        raise UsageError("baseline.listen serves and measures nothing: leave it out to compare")
    if any(question.experiment.has_emulated_hosts for question in sides):
        enter_user_namespace_if_needed()
    for question in sides:
        opening_for(question.experiment)  # what either lacks is reported first
    conditions = _conditions(fail_if, sides, repeat=repeat)
    directory = _opened(sides, repeat=repeat, out=out, fail_if=fail_if)
    stderr = Console(stderr=True)
    stderr.print(f"compare: {_announcement(sides, repeat)}", highlight=False, soft_wrap=True)
    with event_lines(events, json=json) as lines:
        comparison = questions_compared(
            *sides,
            repeat=repeat,
            directory=directory,
            run_one=runs_watched(lines or stderr),
            conditions=conditions,
        )
        failure = failure_of(comparison)
        if lines is not None:
            lines.series_ended(
                str(directory.path),
                comparison,
                result_path=str(directory.path / COMPARISON),
                exit_code=MEASURED if failure is None else failure.exit_code,
            )
    if lines is None:
        _print(comparison, markdown=markdown, json=json, where=directory.path)
    if report:
        announce(directory.path, stderr=json or markdown or lines is not None)
    if failure is not None:
        raise failure


def _is_experiment(name: str) -> bool:
    return name in profile_names() or name.endswith(".toml")


def _titles(a: str, b: str) -> tuple[str, str]:
    """Return the titles of two experiments: their files' names, or paths if these are alike."""
    titles = Path(a).stem, Path(b).stem
    return (a, b) if a != b and titles[0] == titles[1] else titles


def _question(  # noqa: PLR0913 - one side of what was typed
    name: str, *, title: str, common: list[str], own: list[str], option: str, flags: Layer
) -> Question:
    file, profile = (None, name) if name in profile_names() else (Path(name), None)
    layers = asked_layers(file, profile, common, flags, further={option: own})
    return question_of(layers, name=" ".join([title, *own])).asked_by(sys.argv)


def _conditions(
    texts: list[str], sides: tuple[Question, Question], *, repeat: int
) -> list[Condition]:
    """Return the conditions under which the comparison fails. Raises UsageError."""
    roles = frozenset.intersection(*(roles_of(question.experiment) for question in sides))
    conditions = [condition_from(text, roles=roles) for text in texts]
    if conditions and repeat < FEWEST_PAIRS:
        raise UsageError(
            f"--fail-if: fewer than {FEWEST_PAIRS} pairs have no interval that could decide a "
            f"condition; use --repeat {FEWEST_PAIRS} or more"
        )
    return conditions


def failure_of(comparison: Comparison) -> OnionrigError | None:
    """Return ComparisonFails or ComparisonUndecided, naming the conditions, or None."""
    for outcome, error in (("fails", ComparisonFails), ("undecided", ComparisonUndecided)):
        conditions = [
            condition for condition in comparison.conditions if condition.outcome == outcome
        ]
        if conditions:
            return error("; ".join(condition_text(condition) for condition in conditions))
    return None


def _opened(
    sides: tuple[Question, Question], *, repeat: int, out: Path | None, fail_if: list[str]
) -> SeriesDirectory:
    """Make the comparison's directory, with its plan."""
    a, b = sides
    directory = SeriesDirectory.create(out or default_out("compare"))
    directory.write_compare_plan(
        ComparePlan(
            name="compare",
            started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            command=a.command,
            titles=(a.name, b.name),
            experiments=(plain(a.experiment), plain(b.experiment)),
            repeat=repeat,
            fail_if=tuple(fail_if),
        )
    )
    return directory


def _announcement(sides: tuple[Question, Question], repeat: int) -> str:
    return comparison_ahead(
        repeat,
        seconds=repeat * sum(map(expected_seconds, sides)),
        networks=all(question.experiment.network.kind != "none" for question in sides),
        holds_seconds=[question.experiment.load.hold for question in sides],
    )


def _print(
    comparison: Comparison, *, markdown: bool, json: bool, where: Path | None = None
) -> None:
    if json:
        print_json(comparison)
    elif markdown:
        print(comparison_markdown(comparison))
    else:
        console = results()
        console.print(comparison_summary(comparison), highlight=False)
        if where is not None:
            console.print(Text(f"comparison directory: {where}", style="dim", overflow="fold"))

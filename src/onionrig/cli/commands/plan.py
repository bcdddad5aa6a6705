"""The plan command: from measured costs to a bill of materials and a projected output."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console

from onionrig import __version__
from onionrig.cli.app import JsonOption, app, refuse_without_effect
from onionrig.cli.help import PLAN, described
from onionrig.cli.output.printing import print_json, results
from onionrig.cli.output.report_files import plan_page
from onionrig.cli.plan_inputs import candidates_from, reference_for
from onionrig.errors import MEASURED, TARGET_MISSED, UsageError
from onionrig.plan.plan import plan as plan_for_question
from onionrig.plan.plan import plan_for_either_balancer
from onionrig.plan.question import PlannedBalancer, PlannedMode, PlanQuestion
from onionrig.store.whole_files import replace_file
from onionrig.units import BitsPerSecond, Seconds, fraction_from, share_from
from onionrig.views.plan.terminal import brief_plan_view, plan_view

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from onionrig.records.plan import Plan

MODES: dict[str, PlannedMode] = {"anonymous": "anonymous", "single-hop": "single-hop"}
BALANCERS: dict[str, PlannedBalancer] = {"stock": "stock", "extended": "extended"}

MOST = 1_000_000
"""Upper bound on hosts or streams of a plan: more than the public network has of either."""

Choice = TypeVar("Choice")


@app.command(
    **described(
        PLAN,
        "onionrig plan --target 500Mbit --hardware pi3b,pi5",
        "onionrig plan --hosts 6 --hardware pi4b --balancer extended",
        "onionrig plan --target 300Mbit --from latest --hardware measured",
        "onionrig plan --target 500Mbit --probe pi5=pi5.json --report plan.html",
    )
)
def plan(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="RATE",
            help='Rate that the address is to sustain, such as "500Mbit"; this or --hosts is '
            "required.",
        ),
    ] = None,
    hosts: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST,
            metavar="N",
            help="Number of hosts whose rate is to be projected; this or --target is required.",
        ),
    ] = None,
    hardware: Annotated[
        str | None,
        typer.Option(
            metavar="BOARD[,BOARD…]",
            help="Boards of `onionrig hardware` to plan for, side by side, or `measured` for "
            "hosts like those of --from; required unless --probe names a board.",
        ),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RUN",
            help="Run, or bundle of one, whose measured costs to plan from (default: the "
            "measurement that is shipped).",
        ),
    ] = None,
    run_probe: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Probe of the machine that RUN was measured on (default: the yardstick of RUN).",
        ),
    ] = None,
    probe: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[BOARD=]FILE",
            help="Probe of a board, made there by `onionrig probe --out FILE`; repeatable "
            "(default: none).",
        ),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            metavar="anonymous|single-hop",
            help="Mode of the onion service (default: that of RUN, or anonymous).",
        ),
    ] = None,
    balancer: Annotated[
        str | None,
        typer.Option(
            metavar="stock|extended",
            help="Onionbalance that publishes the address (default: stock where it is enough).",
        ),
    ] = None,
    headroom: Annotated[
        str, typer.Option(metavar="SHARE", help="Spare capacity, as a share of the target.")
    ] = "20%",
    round_trip: Annotated[
        str | None,
        typer.Option(
            metavar="SECONDS",
            help='Round-trip time of a loaded circuit, such as "300ms" (default: as measured).',
        ),
    ] = None,
    streams: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST,
            metavar="N",
            help="Number of streams (default: as many as the target needs).",
        ),
    ] = None,
    link: Annotated[
        str | None,
        typer.Option(metavar="RATE", help="Link rate of each host (default: from the catalogue)."),
    ] = None,
    scale: Annotated[
        str,
        typer.Option(metavar="FRACTION", help='Factor for link rates and cores, such as "1/4".'),
    ] = "1",
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File for the plan as an HTML page (default: none)."),
    ] = None,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", "-v", help="Print every limit, input, source and assumption as well."
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Plan the hardware for a rate from one address, or project what N hosts would serve.

    Rates and power are ranges, computed from measured CPU costs, the speed of the board and its
    link. The plan names the limit and the next one. docs/planning.md explains the method.
    """
    if (target is None) == (hosts is None):
        raise UsageError('give --target RATE, as in "500Mbit", or --hosts N: one of the two')
    if json:
        refuse_without_effect(context, "verbose", reason="--json has everything")
    if hosts is not None:
        refuse_without_effect(context, "headroom", reason="it is room beyond a --target")
    reference = reference_for(run, run_probe, _one_of(MODES, mode, "--mode"))
    question = PlanQuestion(
        target_bits_per_second=None if target is None else _positive(target, "--target"),
        hosts=hosts,
        headroom=_read("--headroom", share_from, headroom),
        mode=reference.mode,
        balancer=_one_of(BALANCERS, balancer, "--balancer") or "stock",
        round_trip_seconds=None if round_trip is None else _duration(round_trip),
        streams=streams,
        scale=_scale(scale),
        link_bits_per_second=None if link is None else _positive(link, "--link"),
    )
    planned = plan_for_either_balancer if balancer is None else plan_for_question
    answer = planned(
        question,
        candidates_from(hardware, probe or [], reference),
        reference,
        made=f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}",
        version=__version__,
        command=("onionrig", *sys.argv[1:]),
    )
    if json:
        print_json(answer)
    else:
        results().print(plan_view(answer) if verbose else brief_plan_view(answer))
    if report is not None:
        _write_report(answer, report, stderr=json)
    raise typer.Exit(MEASURED if any(kind.possible for kind in answer.hardware) else TARGET_MISSED)


def _write_report(plan: Plan, path: Path, *, stderr: bool) -> None:
    replace_file(path, plan_page(plan), mode=0o644, option="--report")
    Console(stderr=stderr).print(
        f"report: {path}", style="dim", highlight=False, markup=False, soft_wrap=True
    )


def _one_of(choices: Mapping[str, Choice], word: str | None, option: str) -> Choice | None:
    if word is None or word in choices:
        return None if word is None else choices[word]
    raise UsageError(f"{option} {word}: there are {' and '.join(choices)}")


def _read(option: str, parse: Callable[[str], Choice], text: str) -> Choice:
    """Return an option's value, parsed. Raises UsageError, which names the option."""
    try:
        return parse(text)
    except UsageError as error:
        raise UsageError(f"{option}: {error}") from error


def _positive(text: str, option: str) -> float:
    rate = _read(option, BitsPerSecond.parse, text)
    if not rate:
        raise UsageError(f"{option} {text}: a rate above 0, as in 500Mbit")
    return float(rate)


def _duration(text: str) -> float:
    seconds = _read("--round-trip", Seconds.parse, text)
    if not seconds:
        raise UsageError(f"--round-trip {text}: a duration above 0, as in 300ms")
    return float(seconds)


def _scale(text: str) -> float:
    scale = float(_read("--scale", fraction_from, text))
    if not 0 < scale <= 1:
        raise UsageError(f"--scale {text}: a fraction above 0 and up to 1, as in 1/4")
    return scale

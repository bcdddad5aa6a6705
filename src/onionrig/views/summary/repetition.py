"""Show repetitions until a rate is known: what they will take, and their result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from onionrig.analysis.several_runs.beforehand import RATE_OF_HOLDS, RATE_OF_NETWORKS
from onionrig.analysis.several_runs.known_within import needed_for, within_after
from onionrig.units import counted, percent_text, rate_text, rough_duration_text
from onionrig.views.summary.thresholds import thresholds_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from onionrig.records.manifest import UntilKnown
    from onionrig.records.series.repetition import KnownFigure, RepeatPlan, RepeatResult

HEADINGS = ("figure", "mean", "95 % interval", "known within")


def repetition_ahead(plan: RepeatPlan, *, seconds: float) -> str:
    """Return how many networks and how long it will take; ``seconds`` is for one of them."""
    fitting = max(1, int(plan.budget_seconds // seconds))
    return _announcement(plan, plan.repeats, RATE_OF_NETWORKS, seconds=seconds, fitting=fitting)


def holds_ahead(until_known: UntilKnown, *, hold_seconds: float, fitting: int) -> str:
    """Return how many holds of one network and how long it will take."""
    return _announcement(until_known, "hold", RATE_OF_HOLDS, seconds=hold_seconds, fitting=fitting)


def _announcement(
    repetition: RepeatPlan | UntilKnown, thing: str, spread: float, *, seconds: float, fitting: int
) -> str:
    needed = needed_for(spread, repetition.within, first_stage=repetition.first_stage)
    network_text, recorded = (" of one network", "holds") if thing == "hold" else ("", "networks")
    text = (
        f"to know the sustained rate{network_text} within {percent_text(repetition.within)} takes "
        f"about {counted(needed, thing)} and {rough_duration_text(needed * seconds)}, if {thing}s "
        f"spread by {100 * spread:.0f} % as recorded {recorded} do; the budget is "
        f"{rough_duration_text(repetition.budget_seconds)}"
    )
    if fitting >= needed:
        return text
    if fitting == 1:
        return f"{text}, enough for one {thing}, which says nothing about how they differ"
    within = within_after(spread, fitting, first_stage=repetition.first_stage)
    return (
        f"{text}, enough for {counted(fitting, thing)}: within about {percent_text(within)} by then"
    )


def repetition_summary(result: RepeatResult, where: str) -> RenderableType:
    """Draw the result of repetitions: the sentence, the figures, the rate of each network."""
    parts: list[RenderableType] = [Text(result.sentence, style="bold"), Text()]
    if result.figures:
        rates = result.figures[0].values
        rates_text = ", ".join(
            f"{run} {rate_text(rate)}" for run, rate in zip(result.runs, rates, strict=True)
        )
        parts += [_table(result), Text(), Text(f"sustained: {rates_text}", style="dim")]
    if result.thresholds:
        parts += [Text(), thresholds_table(result.thresholds)]
    parts += [Text(doubt, style="yellow") for doubt in result.doubts]
    parts += [Text(), Text(f"directory of the repetitions: {where}", style="dim", overflow="fold")]
    return Group(*parts)


def _table(result: RepeatResult) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for figure in result.figures:
        interval = "-"
        if figure.interval is not None:
            interval = " to ".join(_value(figure, end) for end in figure.interval)
        within = "-" if figure.within is None else percent_text(figure.within)
        table.add_row(figure.what, _value(figure, figure.mean), interval, within)
    return table


def _value(figure: KnownFigure, value: float) -> str:
    return rate_text(value) if figure.unit == "bits per second" else f"{value:.3f}"

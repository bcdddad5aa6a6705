"""Show repetitions until a rate is known: what they will take, and their result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from onionrig.analysis.several_runs.beforehand import RATE_OF_HOLDS, RATE_OF_NETWORKS
from onionrig.analysis.several_runs.known_within import needed_for, within_after
from onionrig.units import counted, percent_text, rate_text, rough_duration_text
from onionrig.views.core_speed_text import speed_text
from onionrig.views.summary.thresholds import thresholds_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from onionrig.records.manifest import UntilKnown
    from onionrig.records.series.repetition import KnownFigure, RepeatPlan, RepeatResult

TRUST = {True: "trusted", False: "doubted", None: "-"}
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


def known_so_far(result: RepeatResult) -> str:
    """Return what is known after a repetition, and how many it takes in all."""
    thing = result.repeated.removesuffix("s")
    count = counted(len(result.runs), thing)
    needed = (
        f"how many it takes follows from the spread of the first {result.first_stage or 'ones'}"
        if result.needed is None
        else f"{counted(result.needed, thing)} needed in all"
    )
    if not result.figures or result.figures[0].within is None:
        return f"{count} so far, {needed}"
    rate = result.figures[0]
    return (
        f"mean of {count} {rate_text(rate.mean)}, known within "
        f"{percent_text(rate.within or 0.0)}, {needed}"
    )


def repetition_summary(result: RepeatResult, where: str) -> RenderableType:
    """Draw the result of repetitions: the sentence, the figures, the rate of each network."""
    parts: list[RenderableType] = [Text(result.sentence, style="bold"), Text()]
    if result.figures:
        parts += [_table(result), Text(), _repetitions(result)]
        if result.not_carried_over:
            reason = f"no rate as on the reference core: {result.not_carried_over}"
            parts += [Text(), Text(reason, style="dim")]
    if result.thresholds:
        parts += [Text(), thresholds_table(result.thresholds)]
    if result.doubts:
        parts.append(Text())
    parts += [Text(f"doubt: {doubt}", style="yellow") for doubt in result.doubts]
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


def _repetitions(result: RepeatResult) -> Table:
    """Draw a line for each repetition; columns that no repetition has are left out."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    has_speed = any(repetition.core_speed is not None for repetition in result.repetitions)
    is_carried_over = not result.not_carried_over
    headings = ["run", "sustained"]
    headings += ["on the reference core"] if is_carried_over else []
    headings += ["core speed"] if has_speed else []
    for heading in (*headings, "CPU-s per Gbit", "bottleneck", "trust"):
        left = heading in {"run", "bottleneck", "trust"}
        table.add_column(heading, justify="left" if left else "right", overflow="fold")
    for repetition in result.repetitions:
        carried_over = repetition.sustained_on_reference_core_bits_per_second
        cost = repetition.cpu_seconds_per_gbit
        cells = [repetition.run, rate_text(repetition.sustained_bits_per_second)]
        if is_carried_over:
            cells.append("-" if carried_over is None else rate_text(carried_over))
        if has_speed:
            cells.append(speed_text(repetition.core_speed))
        table.add_row(
            *cells,
            "-" if cost is None else f"{cost:.3f}",
            repetition.bottleneck or "-",
            TRUST[repetition.trusted],
        )
    return table


def _value(figure: KnownFigure, value: float) -> str:
    return rate_text(value) if figure.unit == "bits per second" else f"{value:.3f}"

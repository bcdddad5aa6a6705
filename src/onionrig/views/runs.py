"""Show the list of runs: one line each, with its result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from onionrig.units import percent_text, rate_text
from onionrig.views.core_speed_text import speed_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from onionrig.store.listing import ListedRun

SPEED = "speed"
"""Heading of the speed of the cores, a column that is left out if it was read in no run."""
HEADINGS = ("run", "began (UTC)", "mode", "sustained", SPEED, "outcome", "trust", "bottleneck")
_WITHOUT_SECONDS = len("2026-01-01T00:00")


def runs_view(runs: Sequence[ListedRun], under: str) -> RenderableType:
    """Draw the runs in order; below them, why some cannot be read."""
    if not runs:
        return Text(f"no runs under {under}")
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    was_read = any(run.core_speed is not None for run in runs)
    for heading in HEADINGS:
        if heading == SPEED and not was_read:
            continue
        right = heading in {"sustained", SPEED}
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for run in runs:
        table.add_row(
            _name(run),
            run.began[:_WITHOUT_SECONDS].replace("T", " "),
            run.mode or "",
            ""
            if run.sustained_bits_per_second is None
            else rate_text(run.sustained_bits_per_second),
            *([_speed(run)] if was_read else []),
            _outcome(run),
            _trust(run),
            run.bottleneck or "",
        )
    problems = [
        Text(f"{run.name}: {run.problem}", style="yellow", overflow="fold")
        for run in runs
        if run.problem is not None
    ]
    return Group(table, *([Text(), *problems] if problems else []))


def _name(run: ListedRun) -> Text:
    """Return a run's own name, below its sweep's, with its profile if the name lacks it."""
    if run.kind != "run":
        return Text(f"{run.name}/", style="dim")
    series, _, own_name = run.name.rpartition("/")
    name = Text(f"  {own_name}" if series else own_name)
    if run.profile is not None and not own_name.endswith(run.profile):
        name.append(f" ({run.profile})", style="dim")
    return name


def _speed(run: ListedRun) -> str:
    return "" if run.core_speed is None else speed_text(run.core_speed)


def _outcome(run: ListedRun) -> Text:
    if run.known_within is not None and not run.thresholds_missed:
        style = "" if run.outcome == "known" else "yellow"
        return Text(f"within {percent_text(run.known_within)}", style=style)
    if run.thresholds_missed:
        return Text("missed", style="red")
    if run.target_met is not None:
        return Text("met", style="green") if run.target_met else Text("missed", style="red")
    return Text(run.outcome or "", style="" if run.outcome == "complete" else "yellow")


def _trust(run: ListedRun) -> Text:
    if run.trusted is None:
        return Text()
    return Text("trusted") if run.trusted else Text("doubted", style="yellow")

"""Show a sweep as a table: one line per point, with its rate, cost by role and limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from onionrig.units import counted, rate_text
from onionrig.views.core_speed_text import speed_text
from onionrig.views.summary.thresholds import outcome_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from onionrig.records.series.sweep import SweepPoint, SweepResult

BAR = 10
ROLES = ("backend", "relay", "client")
"""Roles whose costs have a column; the report has all of them."""


def sweep_summary(sweep: SweepResult, where: str) -> RenderableType:
    """Draw a sweep: the knees in words, the table, what is missing."""
    parts: list[RenderableType] = [Text(knee.sentence, style="bold") for knee in sweep.knees]
    if parts:
        parts.append(Text())
    parts.append(_table(sweep))
    doubted = [point for point in sweep.points if point.result.trust and point.result.trust.doubts]
    parts += [
        Text(f"{_name(point)}: {doubt}", style="yellow")
        for point in doubted
        for doubt in (point.result.trust.doubts if point.result.trust else ())
    ]
    parts += [Text(remark, style="yellow") for remark in sweep.remarks]
    if sweep.missing:
        parts.append(Text(f"{counted(sweep.missing, 'point')} not measured", style="bold red"))
    parts += [Text(), Text(f"sweep directory: {where}", style="dim", overflow="fold")]
    return Group(*parts)


def _table(sweep: SweepResult) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    roles = [role for role in ROLES if any(role in point.result.costs for point in sweep.points)]
    for axis in sweep.axes:
        table.add_column(axis.key, justify="right", min_width=6)
    table.add_column("sustained", justify="right", no_wrap=True)
    table.add_column("", width=BAR)
    has_speed = any(point.result.yardstick for point in sweep.points)
    if has_speed:
        table.add_column("core\nspeed", justify="right", min_width=5)
    for role in roles:
        table.add_column(f"{role}\nCPU-s\nper Gbit", justify="right", min_width=5)
    table.add_column("bottleneck", min_width=8)
    has_thresholds = any(point.result.verdict.thresholds for point in sweep.points)
    if has_thresholds:
        table.add_column("thresholds")
    highest = max((_rate(point) for point in sweep.points), default=0.0)
    for point in sweep.points:
        filled = round(BAR * _rate(point) / highest) if highest else 0
        bottleneck = point.result.bottleneck
        table.add_row(
            *(point.settings[axis.key] for axis in sweep.axes),
            _text(point.result.goodput.sustained_bits_per_second),
            Text("█" * filled, style="cyan"),
            *([_speed(point)] if has_speed else []),
            *(_cost(point, role) for role in roles),
            bottleneck.kind if bottleneck else "-",
            *([_thresholds(point)] if has_thresholds else []),
        )
    return table


def _rate(point: SweepPoint) -> float:
    return point.result.goodput.sustained_bits_per_second or 0.0


def _text(bits_per_second: float | None) -> str:
    return "-" if bits_per_second is None else rate_text(bits_per_second)


def _speed(point: SweepPoint) -> str:
    yardstick = point.result.yardstick
    return speed_text(yardstick.speed if yardstick else None)


def _thresholds(point: SweepPoint) -> Text:
    verdict = point.result.verdict
    return Text(outcome_text(verdict), style="red" if verdict.missed else "green")


def _cost(point: SweepPoint, role: str) -> str:
    cost = point.result.costs.get(role)
    return f"{cost.cpu_seconds_per_gbit:.3f}" if cost and cost.cpu_seconds_per_gbit else "-"


def _name(point: SweepPoint) -> str:
    return ", ".join(f"{key} = {value}" for key, value in point.settings.items())

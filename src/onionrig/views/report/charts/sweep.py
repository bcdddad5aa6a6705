"""Draw the charts of a sweep: the rate with its knees, and the cost of each role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from onionrig.views.report.charts.scales import UnitScale, rate_scale
from onionrig.views.report.charts.sweep_axis import (
    AxisChart,
    MeasuredPoint,
    across,
    axis_figure,
    chart_axis,
    combinations,
    position,
)
from onionrig.views.report.colours import INK
from onionrig.views.report.figure import outlined

if TYPE_CHECKING:
    from collections.abc import Callable

    from onionrig.records.series.sweep import SweepPoint, SweepResult
    from onionrig.views.report.figure import ReportFigure


ROOM_FOR_NAME = 0.09
"""Share of the highest rate below which knees have room for one name only."""


def rates_figure(sweep: SweepResult) -> ReportFigure | None:
    """Draw the sustained rate along the axis, knees ringed, or return None without any rate."""
    known = [rate for point in sweep.points if (rate := _sustained(point)) is not None]
    if not known:
        return None
    scale = rate_scale(max(known))
    chart = _axis_chart(sweep, _sustained, scale, f"sustained, {scale.unit}")
    return axis_figure(
        chart,
        _knees(sweep, chart),
        name="rates",
        title="Sustained rate",
        description=f"The sustained rate along {chart.axis.key}, a line for each combination of "
        "the other settings, with the range of its repetitions; knees are ringed.",
    )


def cost_figure(sweep: SweepResult, role: str) -> ReportFigure | None:
    """Draw the cost of a Gbit for one role along the axis, or return None if it is unknown."""

    def cost(point: SweepPoint) -> float | None:
        role_cost = point.result.costs.get(role)
        return None if role_cost is None else role_cost.cpu_seconds_per_gbit

    chart = _axis_chart(sweep, cost, UnitScale(unit="CPU-s per Gbit", factor=1.0), "CPU-s per Gbit")
    if not chart.measured:
        return None
    return axis_figure(
        chart,
        (),
        name=f"cost-{role}",
        title=f"Cost of role {role}",
        description=f"CPU-seconds of role {role} for each Gbit of goodput along {chart.axis.key}, "
        "a line for each combination of the other settings.",
    )


def _axis_chart(
    sweep: SweepResult, value_of: Callable[[SweepPoint], float | None], scale: UnitScale, title: str
) -> AxisChart:
    axis, groups = chart_axis(sweep), combinations(sweep)
    return AxisChart(
        axis=axis,
        combinations=tuple(group.name for group in groups),
        measured=tuple(
            MeasuredPoint(
                at=point.settings.get(axis.key, ""),
                combination=group.name,
                value=value,
                lowest=lowest if value_of is _sustained else value,
                highest=highest if value_of is _sustained else value,
            )
            for group in groups
            for point in group.points
            if (value := value_of(point)) is not None
            for lowest, highest in (_range(point, value),)
        ),
        scale=scale,
        title=title,
    )


def _sustained(point: SweepPoint) -> float | None:
    return point.result.goodput.sustained_bits_per_second


def _range(point: SweepPoint, rate: float) -> tuple[float, float]:
    repetitions = point.result.repetitions
    lowest = repetitions.lowest_bits_per_second if repetitions else None
    highest = repetitions.highest_bits_per_second if repetitions else None
    return rate if lowest is None else lowest, rate if highest is None else highest


def _knees(sweep: SweepResult, chart: AxisChart) -> list[alt.Chart]:
    rows = _knee_rows(sweep, chart)
    if not rows:
        return []
    knees = alt.Chart(alt.InlineData(values=rows)).encode(x=across(chart), y=alt.Y("value:Q"))
    named = knees.encode(text="name:N")
    return [
        knees.mark_point(size=320, stroke=INK, strokeWidth=1.5, filled=False),
        *outlined(named, align="center", baseline="top", dy=12),
    ]


def _knee_rows(sweep: SweepResult, chart: AxisChart) -> list[dict[str, Any]]:
    """Return the positions of knees; one right below another goes without a name."""
    known = [
        (knee.sustained_bits_per_second, knee.value, knee.reached)
        for knee in sweep.knees
        if knee.value is not None and knee.sustained_bits_per_second is not None
    ]
    rows: list[dict[str, Any]] = []
    for rate, value, reached in sorted(known, reverse=True):
        place, height = position(chart.axis, value), chart.scale.of(rate)
        room = ROOM_FOR_NAME * chart.scale.of(max(known)[0])
        crowded = any(row["at"] == place and row["value"] - height < room for row in rows)
        name = "" if crowded else f"knee {value}" if reached else "not reached"
        rows.append({"at": place, "value": height, "name": name})
    return rows

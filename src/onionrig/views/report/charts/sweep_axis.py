"""Draw a chart along one axis of a sweep: a line per combination of the other settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from onionrig.records import Part
from onionrig.records.series.sweep import Axis, SweepPoint
from onionrig.views.report.charts.scales import UnitScale
from onionrig.views.report.colours import SERIES, series_colour
from onionrig.views.report.figure import DASHES, SHAPES, Key, ReportFigure, figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onionrig.records.series.sweep import SweepResult

LOGARITHMIC_FROM = 8.0
"""Ratio of the last to the first value from which the axis is logarithmic."""


class Combination(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The points that differ in the drawn axis only."""

    name: str
    points: tuple[SweepPoint, ...]


class MeasuredPoint(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value of one point, with its range."""

    at: str
    """Value on the axis."""
    combination: str
    value: float
    lowest: float
    highest: float


class AxisChart(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The chart along an axis."""

    axis: Axis
    combinations: tuple[str, ...]
    measured: tuple[MeasuredPoint, ...]
    scale: UnitScale
    title: str
    """Name of the values."""


def combinations(sweep: SweepResult) -> tuple[Combination, ...]:
    """Return the points of a sweep, grouped by the settings of all other axes."""
    axis = chart_axis(sweep)
    grouped: dict[str, list[SweepPoint]] = {}
    for point in sweep.points:
        name = settings_text(point.settings, without=axis.key) or axis.key
        grouped.setdefault(name, []).append(point)
    return tuple(Combination(name=name, points=tuple(points)) for name, points in grouped.items())


def chart_axis(sweep: SweepResult) -> Axis:
    """Return the axis along which knees were searched, or else the first."""
    keys = {knee.key for knee in sweep.knees}
    known = [axis for axis in sweep.axes if axis.key in keys]
    return (known or [*sweep.axes, Axis(key="", values=())])[0]


def settings_text(settings: Mapping[str, str], *, without: str = "") -> str:
    """Return the settings of a point as text."""
    return ", ".join(f"{key} = {value}" for key, value in settings.items() if key != without)


def axis_figure(
    chart: AxisChart, marks: Sequence[alt.Chart], *, name: str, title: str, description: str
) -> ReportFigure:
    """Draw lines and points with their ranges, and further marks over them."""
    names = list(chart.combinations)
    keys = tuple(
        Key(
            name=name,
            colour=series_colour(index),
            dash=DASHES[index // SERIES % len(DASHES)],
            shape=SHAPES[index % len(SHAPES)],
        )
        for index, name in enumerate(names)
    )
    legend = alt.Legend(title=None)
    colour = alt.Color(
        "combination:N",
        scale=alt.Scale(domain=names, range=[key.colour for key in keys]),
        legend=legend,
    )
    dash = alt.StrokeDash(
        "combination:N",
        scale=alt.Scale(domain=names, range=[list(key.dash or ()) for key in keys]),
        legend=legend,
    )
    shape = alt.Shape(
        "combination:N",
        scale=alt.Scale(domain=names, range=[key.shape or "circle" for key in keys]),
        legend=legend,
    )
    value = alt.Y(
        "value:Q",
        title=chart.title,
        scale=alt.Scale(zero=True),
        axis=alt.Axis(tickCount=5, domain=False, ticks=False),
    )
    base = alt.Chart(
        alt.InlineData(values=[_row(chart, point) for point in chart.measured])
    ).encode(x=across(chart), color=colour)
    tooltip = [
        alt.Tooltip("text:N", title=chart.axis.key),
        alt.Tooltip("combination:N", title="settings"),
        alt.Tooltip("value:Q", title=chart.scale.unit),
        alt.Tooltip("lowest:Q", title="lowest"),
        alt.Tooltip("highest:Q", title="highest"),
    ]
    layers = [
        base.mark_line(strokeWidth=1.6).encode(y=value, strokeDash=dash),
        base.mark_rule(strokeWidth=3, strokeOpacity=0.5).encode(
            y=alt.Y("lowest:Q"), y2="highest:Q"
        ),
        base.mark_point(filled=True, size=70, opacity=1).encode(
            y=value, shape=shape, tooltip=tooltip
        ),
        *marks,
    ]
    return figure(
        alt.LayerChart(layer=layers),
        name=name,
        title=title,
        description=description,
        height=280,
        keys=keys if len(keys) > 1 else (),
    )


def across(chart: AxisChart) -> alt.X:
    """Return the axis: numeric if all its values are numbers, else in order."""
    values = [_number(text) for text in chart.axis.values]
    numbers = [value for value in values if value is not None]
    if not numbers or len(numbers) < len(values):
        return alt.X(
            "at:N",
            title=chart.axis.key,
            sort=list(chart.axis.values),
            axis=alt.Axis(labelAngle=0, grid=False),
        )
    is_wide = min(numbers) > 0 and max(numbers) / min(numbers) >= LOGARITHMIC_FROM
    return alt.X(
        "at:Q",
        title=chart.axis.key,
        scale=alt.Scale(type="log", base=2, nice=False) if is_wide else alt.Scale(zero=False),
        axis=alt.Axis(values=sorted(set(numbers)), format="~g", grid=False),
    )


def position(axis: Axis, text: str) -> float | str:
    """Return the position of a value on the axis."""
    numbers = [_number(value) for value in axis.values]
    number = _number(text)
    return text if number is None or None in numbers else number


def _row(chart: AxisChart, point: MeasuredPoint) -> dict[str, Any]:
    return {
        "at": position(chart.axis, point.at),
        "text": point.at,
        "combination": point.combination,
        "value": chart.scale.of(point.value),
        "lowest": chart.scale.of(point.lowest),
        "highest": chart.scale.of(point.highest),
    }


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

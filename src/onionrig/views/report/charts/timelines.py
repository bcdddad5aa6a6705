"""Draw charts over the time of a run: stacked areas or lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import altair as alt

from onionrig.views.report.charts.backdrop import levels, ramps
from onionrig.views.report.charts.faults import faults
from onionrig.views.report.charts.time_chart import keys_of, rows
from onionrig.views.report.colours import LINE, PAGE, SERIES
from onionrig.views.report.figure import DASHES, POINTS, Key, ReportFigure, figure

if TYPE_CHECKING:
    from onionrig.views.report.charts.time_chart import TimeChart


def stacked_figure(chart: TimeChart, **attributes: Any) -> ReportFigure:  # noqa: ANN401 - as figure has them
    """Draw the lines as areas on top of one another."""
    keys = tuple(Key(name=line.name, colour=line.colour) for line in chart.lines)
    return figure(stacked(chart), keys=keys, points=rows(chart), **attributes)


def lines_figure(chart: TimeChart, **attributes: Any) -> ReportFigure:  # noqa: ANN401 - as figure has them
    """Draw the lines beside one another; from the ninth on, dashes tell them apart."""
    keys = tuple(
        Key(name=line.name, colour=line.colour, dash=dash)
        for line, dash in zip(chart.lines, _dashes(chart), strict=True)
    )
    return figure(lines(chart), keys=keys, points=rows(chart), **attributes)


def stacked(chart: TimeChart) -> alt.LayerChart:
    """Draw the lines as areas on top of one another."""
    keys = keys_of(chart.lines)
    areas = (
        _points()
        .transform_fold(list(keys), as_=["key", "value"])
        .mark_area(stroke=PAGE, strokeWidth=0.7, fillOpacity=0.9)
        .encode(x=_time_axis(chart), y=_value_axis(chart, stack=True), color=_colours(chart))
    )
    return _layers(chart, areas, total=True)


def lines(chart: TimeChart) -> alt.LayerChart:
    """Draw the lines beside one another."""
    keys = keys_of(chart.lines)
    dash = alt.StrokeDash(
        "key:N",
        scale=alt.Scale(domain=keys, range=[list(pattern) for pattern in _dashes(chart)]),
        legend=_legend(chart, symbol="stroke"),
    )
    marks = (
        _points()
        .transform_fold(list(keys), as_=["key", "value"])
        .mark_line(strokeWidth=1.6, invalid="break-paths-show-path-domains")
        .encode(
            x=_time_axis(chart),
            y=_value_axis(chart, stack=False),
            color=_colours(chart, symbol="stroke"),
            strokeDash=dash,
        )
    )
    return _layers(chart, marks, total=False)


def _layers(chart: TimeChart, marks: alt.Chart, *, total: bool) -> alt.LayerChart:
    hover = _hover(chart, total=total)
    return alt.LayerChart(layer=[*ramps(chart), marks, *faults(chart), *levels(chart), hover])


def _points() -> alt.Chart:
    return alt.Chart(alt.NamedData(name=POINTS))


def _time_axis(chart: TimeChart) -> alt.X:
    domain = [chart.time.of(seconds) for seconds in chart.span]
    return alt.X(
        "middle:Q",
        title=f"{chart.time.unit} from the start of the {'first ' * (len(chart.loads) > 1)}hold",
        scale=alt.Scale(domain=domain, nice=False),
        axis=alt.Axis(grid=False, tickCount=8),
    )


def _value_axis(chart: TimeChart, *, stack: bool) -> alt.Y:
    return alt.Y(
        "value:Q",
        title=f"{chart.title}, {chart.scale.unit}" if chart.scale.unit else chart.title,
        stack="zero" if stack else None,
        scale=alt.Scale(zero=True),
        axis=alt.Axis(domain=False, ticks=False, tickCount=5),
    )


def _dashes(chart: TimeChart) -> list[tuple[int, ...]]:
    return [DASHES[index // SERIES % len(DASHES)] for index in range(len(chart.lines))]


def _legend(chart: TimeChart, *, symbol: str) -> alt.Legend:
    names = dict(zip(keys_of(chart.lines), [line.name for line in chart.lines], strict=True))
    return alt.Legend(title=None, labelExpr=f"{json.dumps(names)}[datum.label]", symbolType=symbol)


def _colours(chart: TimeChart, *, symbol: str = "square") -> alt.Color:
    keys = keys_of(chart.lines)
    return alt.Color(
        "key:N",
        scale=alt.Scale(domain=keys, range=[line.colour for line in chart.lines]),
        legend=_legend(chart, symbol=symbol),
    )


def _hover(chart: TimeChart, *, total: bool) -> alt.Chart:
    """Show the values of a stretch of time to whoever points at it."""
    keys = keys_of(chart.lines)
    tooltips = [alt.Tooltip("begin:Q", title=chart.time.unit)]
    tooltips += [
        alt.Tooltip(f"{key}:Q", title=line.name)
        for key, line in zip(keys, chart.lines, strict=True)
    ]
    if total and len(keys) > 1:
        tooltips.append(alt.Tooltip("total:Q", title="together"))
    hover: alt.Chart = (
        _points()
        .mark_rect(fill=LINE, fillOpacity=0.0)
        .encode(x=alt.X("begin:Q"), x2="end:Q", tooltip=tooltips)
        .properties(name="hover")
    )
    return hover

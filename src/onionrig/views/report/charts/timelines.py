"""Charts over the time of a run: stacked areas or lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import altair as alt

from onionrig.views.report.charts.backdrop import levels, ramps
from onionrig.views.report.charts.faults import faults
from onionrig.views.report.charts.points import keys_of, rows
from onionrig.views.report.colours import LINE, PAGE, SERIES
from onionrig.views.report.figure import DASHES, POINTS, Figure, Key, figure

if TYPE_CHECKING:
    from onionrig.views.report.charts.points import Timed


def stacked_figure(timed: Timed, **about: Any) -> Figure:  # noqa: ANN401 - as figure has them
    """Draw the lines as areas on top of one another."""
    keys = tuple(Key(name=line.name, colour=line.colour) for line in timed.lines)
    return figure(stacked(timed), keys=keys, points=rows(timed), **about)


def lines_figure(timed: Timed, **about: Any) -> Figure:  # noqa: ANN401 - as figure has them
    """Draw the lines beside one another; from the ninth on, dashes tell them apart."""
    keys = tuple(
        Key(name=line.name, colour=line.colour, dash=dash)
        for line, dash in zip(timed.lines, _dashes(timed), strict=True)
    )
    return figure(lines(timed), keys=keys, points=rows(timed), **about)


def stacked(timed: Timed) -> alt.LayerChart:
    """Draw the lines as areas on top of one another."""
    keys = keys_of(timed.lines)
    areas = (
        _points()
        .transform_fold(list(keys), as_=["key", "value"])
        .mark_area(stroke=PAGE, strokeWidth=0.7, fillOpacity=0.9)
        .encode(x=_time_axis(timed), y=_value_axis(timed, stack=True), color=_colours(timed))
    )
    return _layered(timed, areas, total=True)


def lines(timed: Timed) -> alt.LayerChart:
    """Draw the lines beside one another."""
    keys = keys_of(timed.lines)
    dash = alt.StrokeDash(
        "key:N",
        scale=alt.Scale(domain=keys, range=[list(each) for each in _dashes(timed)]),
        legend=_legend(timed, symbol="stroke"),
    )
    drawn = (
        _points()
        .transform_fold(list(keys), as_=["key", "value"])
        .mark_line(strokeWidth=1.6, invalid="break-paths-show-path-domains")
        .encode(
            x=_time_axis(timed),
            y=_value_axis(timed, stack=False),
            color=_colours(timed, symbol="stroke"),
            strokeDash=dash,
        )
    )
    return _layered(timed, drawn, total=False)


def _layered(timed: Timed, drawn: alt.Chart, *, total: bool) -> alt.LayerChart:
    hover = _hover(timed, total=total)
    return alt.LayerChart(layer=[*ramps(timed), drawn, *faults(timed), *levels(timed), hover])


def _points() -> alt.Chart:
    return alt.Chart(alt.NamedData(name=POINTS))


def _time_axis(timed: Timed) -> alt.X:
    domain = [timed.time.of(seconds) for seconds in timed.span]
    return alt.X(
        "middle:Q",
        title=f"{timed.time.unit} from the start of the {'first ' * (len(timed.loads) > 1)}hold",
        scale=alt.Scale(domain=domain, nice=False),
        axis=alt.Axis(grid=False, tickCount=8),
    )


def _value_axis(timed: Timed, *, stack: bool) -> alt.Y:
    return alt.Y(
        "value:Q",
        title=f"{timed.title}, {timed.scale.unit}" if timed.scale.unit else timed.title,
        stack="zero" if stack else None,
        scale=alt.Scale(zero=True),
        axis=alt.Axis(domain=False, ticks=False, tickCount=5),
    )


def _dashes(timed: Timed) -> list[tuple[int, ...]]:
    return [DASHES[index // SERIES % len(DASHES)] for index in range(len(timed.lines))]


def _legend(timed: Timed, *, symbol: str) -> alt.Legend:
    names = dict(zip(keys_of(timed.lines), [line.name for line in timed.lines], strict=True))
    return alt.Legend(title=None, labelExpr=f"{json.dumps(names)}[datum.label]", symbolType=symbol)


def _colours(timed: Timed, *, symbol: str = "square") -> alt.Color:
    keys = keys_of(timed.lines)
    return alt.Color(
        "key:N",
        scale=alt.Scale(domain=keys, range=[line.colour for line in timed.lines]),
        legend=_legend(timed, symbol=symbol),
    )


def _hover(timed: Timed, *, total: bool) -> alt.Chart:
    """Tell each stretch of time's values to whoever points at it."""
    keys = keys_of(timed.lines)
    told = [alt.Tooltip("begin:Q", title=timed.time.unit)]
    told += [
        alt.Tooltip(f"{key}:Q", title=line.name)
        for key, line in zip(keys, timed.lines, strict=True)
    ]
    if total and len(keys) > 1:
        told.append(alt.Tooltip("total:Q", title="together"))
    hover: alt.Chart = (
        _points()
        .mark_rect(fill=LINE, fillOpacity=0.0)
        .encode(x=alt.X("begin:Q"), x2="end:Q", tooltip=told)
        .properties(name="hover")
    )
    return hover

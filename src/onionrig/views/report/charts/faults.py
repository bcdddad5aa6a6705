"""Draw faults over a chart's lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from onionrig.views.report.colours import INK
from onionrig.views.report.figure import outlined
from onionrig.views.summary.aftermath import done_text

if TYPE_CHECKING:
    from onionrig.analysis.over_time.series import SeriesFault
    from onionrig.views.report.charts.time_chart import TimeChart

SAME_PLACE = 0.025
"""Share of the chart's width below which faults have room for one name only."""
NAME_PIXELS = 165
"""Longest name of a fault in pixels: the lowest charts have 180."""


def faults(chart: TimeChart) -> list[alt.Chart]:
    """Draw a dashed line at each fault, and name it along the line.

    The name stands before the line if there is room, since readers look at what follows.
    """
    if not chart.faults:
        return []
    time = chart.time
    first, last = chart.span
    lines = [{"at": time.of(fault.at)} for fault in chart.faults]
    before, after = list[dict[str, Any]](), list[dict[str, Any]]()
    for several in _faults_by_place(chart):
        at_seconds = several[0].at
        side = before if at_seconds - first >= SAME_PLACE * (last - first) else after
        side.append({"at": time.of(at_seconds), "name": _name(several)})
    rules = (
        alt.Chart(alt.InlineData(values=lines))
        .mark_rule(color=INK, strokeDash=[3, 3], strokeWidth=1.2)
        .encode(x=alt.X("at:Q"))
    )
    return [
        rules,
        *_name_charts(before, baseline="bottom", dy=-3),
        *_name_charts(after, baseline="top", dy=3),
    ]


def _name_charts(rows: list[dict[str, Any]], **placing: Any) -> list[alt.Chart]:  # noqa: ANN401 - a mark's own
    if not rows:
        return []
    names = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("at:Q"), y=alt.value(0), text=alt.Text("name:N")
    )
    return outlined(
        names, angle=270, align="right", dx=-4, fontSize=11, limit=NAME_PIXELS, **placing
    )


def _faults_by_place(chart: TimeChart) -> list[list[SeriesFault]]:
    """Return the faults, grouped if they are too close to be named separately."""
    first, last = chart.span
    places: list[list[SeriesFault]] = []
    for fault in chart.faults:
        if places and fault.at - places[-1][0].at < SAME_PLACE * (last - first):
            places[-1].append(fault)
        else:
            places.append([fault])
    return places


def _name(several: list[SeriesFault]) -> str:
    more = f" and {len(several) - 1} more" if len(several) > 1 else ""
    first = several[0]
    return f"{done_text(first.verb, first.subject, first.bits_per_second)}{more}"

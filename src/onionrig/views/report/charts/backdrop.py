"""Behind and over a chart's lines: the loads' ramps, the levels that the lines are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from onionrig.views.report.colours import INK, MUTED, SHADE
from onionrig.views.report.figure import outlined

if TYPE_CHECKING:
    from onionrig.views.report.charts.lines_over_time import Level, Timed

WIDE_ENOUGH = 0.06
"""Of the chart: a narrower ramp has no room for its name."""


def ramps(timed: Timed) -> list[alt.Chart]:
    """Shade the ramps, and name them where there is room."""
    time = timed.time
    first, last = timed.span
    rows = [
        {
            "begin": time.of(load.ramp),
            "end": time.of(load.hold),
            "name": "ramp" if load.hold - load.ramp > WIDE_ENOUGH * (last - first) else "",
        }
        for load in timed.loads
    ]
    if not rows:
        return []
    shaded = alt.Chart(alt.InlineData(values=rows)).encode(x=alt.X("begin:Q"))
    return [
        shaded.mark_rect(color=SHADE).encode(x2="end:Q"),
        shaded.mark_text(color=MUTED, align="left", baseline="top", dx=4, dy=3, fontSize=11).encode(
            y=alt.value(0), text="name:N"
        ),
    ]


def levels(timed: Timed) -> list[alt.Chart]:
    """Draw levels of the whole run dashed, those of a part of it solid."""
    return [layer for level in timed.levels for layer in _level(timed, level)]


def _level(timed: Timed, level: Level) -> list[alt.Chart]:
    first, last = timed.span
    whole = level.begin is None
    begin = first if level.begin is None else level.begin
    end = last if level.end is None else level.end
    row = {
        "begin": timed.time.of(begin),
        "end": timed.time.of(end),
        "middle": timed.time.of((begin + end) / 2),
        "value": timed.scale.of(level.value),
        "name": level.name,
    }
    chart = alt.Chart(alt.InlineData(values=[row])).encode(y=alt.Y("value:Q"))
    leftwards = whole or begin > (first + last) / 2
    named = chart.encode(x=alt.X("end:Q" if leftwards else "begin:Q"), text="name:N")
    # ten seconds of an hour are narrower than a pixel: a point can be seen
    point = chart.mark_point(filled=True, size=30, color=INK, opacity=1).encode(x="middle:Q")
    return [
        *([] if whole else [point]),
        chart.mark_rule(
            color=INK,
            strokeDash=[5, 4] if whole else [1, 0],
            strokeWidth=1.5 if whole else 3.0,
        ).encode(x="begin:Q", x2="end:Q"),
        *outlined(
            named,
            align="right" if leftwards else "left",
            baseline="bottom",
            dy=-4,
            fontWeight=600,
        ),
    ]

"""Draw what is behind and over a chart's lines: ramps of loads, and levels to compare with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from onionrig.views.report.colours import INK, MUTED, SHADE
from onionrig.views.report.figure import outlined

if TYPE_CHECKING:
    from onionrig.views.report.charts.time_chart import Level, TimeChart

WIDE_ENOUGH = 0.06
"""Share of the chart's width from which a ramp has room for its name."""


def ramps(chart: TimeChart) -> list[alt.Chart]:
    """Shade the ramps, and name them where there is room."""
    time = chart.time
    first, last = chart.span
    rows = [
        {
            "begin": time.of(load.ramp),
            "end": time.of(load.hold),
            "name": "ramp" if load.hold - load.ramp > WIDE_ENOUGH * (last - first) else "",
        }
        for load in chart.loads
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


def levels(chart: TimeChart) -> list[alt.Chart]:
    """Draw levels of the whole run dashed, those of a part of it solid."""
    return [layer for level in chart.levels for layer in _level(chart, level)]


def _level(chart: TimeChart, level: Level) -> list[alt.Chart]:
    first, last = chart.span
    whole = level.begin is None
    begin = first if level.begin is None else level.begin
    end = last if level.end is None else level.end
    row = {
        "begin": chart.time.of(begin),
        "end": chart.time.of(end),
        "middle": chart.time.of((begin + end) / 2),
        "value": chart.scale.of(level.value),
        "name": level.name,
    }
    base = alt.Chart(alt.InlineData(values=[row])).encode(y=alt.Y("value:Q"))
    leftwards = whole or begin > (first + last) / 2
    named = base.encode(x=alt.X("end:Q" if leftwards else "begin:Q"), text="name:N")
    # ten seconds of an hour are narrower than a pixel, so a point marks them
    point = base.mark_point(filled=True, size=30, color=INK, opacity=1).encode(x="middle:Q")
    return [
        *([] if whole else [point]),
        base.mark_rule(
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

"""Draw a figure of repetitions in the order in which they ran, and what was known of it by then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from onionrig.views.report.charts.scales import rate_scale
from onionrig.views.report.colours import MUTED, series_colour
from onionrig.views.report.figure import Key, ReportFigure, figure

if TYPE_CHECKING:
    from onionrig.records.series.repetition import KnownFigure

ROOM = 0.08
"""Room above and below the marks, as a share of the height between the outermost."""
HALF_STEP = 0.5
"""Distance from a repetition to the middle between it and the next."""


def known_rate_figure(
    known: KnownFigure, *, within: float, thing: str, name: str, title: str
) -> ReportFigure:
    """Draw each repetition's rate, the running mean with its interval, and the tolerance band."""
    scale = rate_scale(max(known.values))
    ends = [
        *known.values,
        *_tolerance(known, within),
        *(known.interval or ()),
    ]
    room = ROOM * (max(ends) - min(ends))
    domain = [scale.of(max(0.0, min(ends) - room)), scale.of(max(ends) + room)]
    count = len(known.values)
    rows = [
        {
            "number": number,
            "rate": scale.of(value),
            "mean": scale.of(running.mean),
            "low": None if running.interval is None else scale.of(running.interval[0]),
            "high": None if running.interval is None else scale.of(running.interval[1]),
        }
        for number, (value, running) in enumerate(
            zip(known.values, known.running, strict=True), start=1
        )
    ]
    low, high = _tolerance(known, within)
    band = {
        "from": 1 - HALF_STEP,
        "to": count + HALF_STEP,
        "lowest": scale.of(low),
        "highest": scale.of(high),
    }
    sideways = alt.Scale(domain=[1 - HALF_STEP, count + HALF_STEP], nice=False, zero=False)
    across = alt.X(
        "number:Q",
        title=f"{thing}s, in the order in which they ran",
        scale=sideways,
        axis=alt.Axis(values=list(range(1, count + 1)), format="d", grid=False, labelAngle=0),
    )
    up = alt.Scale(domain=domain, nice=False, zero=False)
    axis = alt.Axis(tickCount=5, domain=False, ticks=False)
    chart = alt.Chart(alt.InlineData(values=rows)).encode(x=across)
    tooltip = [
        alt.Tooltip("number:Q", title=thing),
        alt.Tooltip("rate:Q", title=scale.unit),
        alt.Tooltip("mean:Q", title="mean until then"),
        alt.Tooltip("low:Q", title="interval from"),
        alt.Tooltip("high:Q", title="interval to"),
    ]
    layers = [
        alt.Chart(alt.InlineData(values=[band]))
        .mark_rect(color=series_colour(2), opacity=0.18, clip=True)
        .encode(x=alt.X("from:Q", scale=sideways), x2="to:Q", y=alt.Y("lowest:Q"), y2="highest:Q"),
        chart.mark_rule(color=MUTED, strokeWidth=2, clip=True).encode(
            y=alt.Y("low:Q"), y2="high:Q"
        ),
        chart.mark_line(color=MUTED, strokeDash=[6, 3], strokeWidth=1.6, clip=True).encode(
            y=alt.Y("mean:Q")
        ),
        chart.mark_point(color=series_colour(0), filled=True, size=80, opacity=1).encode(
            y=alt.Y("rate:Q", title=f"sustained, {scale.unit}", scale=up, axis=axis),
            tooltip=tooltip,
        ),
    ]
    return figure(
        alt.LayerChart(layer=layers),
        name=name,
        title=title,
        description=f"The sustained rate of each {thing} in the order in which they ran, the mean "
        "of all until then with its 95 % interval, and the band around the last mean in which the "
        "interval was asked to lie. An interval that is wider than the chart is cut off. "
        "The axis does not begin at 0.",
        height=240,
        keys=(
            Key(name=f"one {thing}", colour=series_colour(0), shape="circle"),
            Key(name="mean until then, with its 95 % interval", colour=MUTED, dash=(6, 3)),
            Key(name="precision that was asked for", colour=series_colour(2)),
        ),
    )


def _tolerance(known: KnownFigure, within: float) -> tuple[float, float]:
    """Return the ends of an interval that is as narrow as was asked, around the last mean."""
    return known.mean / (1 + within), known.mean * (1 + within)

"""Draw charts of a hold as a whole: each backend's share, and how long streams took to start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from onionrig.analysis.backends.shares import backend_rates
from onionrig.units import percent_text
from onionrig.views.report.charts.scales import rate_scale, short_time_scale
from onionrig.views.report.colours import INK, MUTED, series_colour
from onionrig.views.report.figure import ReportFigure, figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.result import Result

MOST_STEPS = 400
"""Most steps of a distribution's line; more streams are thinned out evenly."""
ROOM_FOR_LABELS = 1.1
"""Width of the chart as a multiple of the longest bar."""


def shares_figure(result: Result) -> ReportFigure:
    """Draw each backend instance's mean rate over the hold, and the even share."""
    rates = [rate or 0.0 for rate in backend_rates(result).values()]
    scale = rate_scale(max(rates, default=0.0))
    rows = [
        {
            "name": backend.name,
            "rate": scale.of(rate),
            "label": percent_text(backend.share),
            "streams": backend.streams,
        }
        for backend, rate in zip(result.backends, rates, strict=True)
    ]
    names = [backend.name for backend in result.backends]
    bars = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "rate:Q",
            title=scale.unit,
            scale=alt.Scale(
                domain=[0, ROOM_FOR_LABELS * max([scale.of(rate) for rate in rates], default=1.0)],
                nice=False,
            ),
            axis=alt.Axis(tickCount=6, domain=False, ticks=False),
        ),
        y=alt.Y("name:N", title=None, sort=names, axis=alt.Axis(domain=False, ticks=False)),
    )
    even = alt.InlineData(values=[{"rate": scale.of(sum(rates) / max(len(rates), 1))}])
    layers = [
        bars.mark_bar(height=alt.RelativeBandSize(0.7)).encode(
            color=alt.Color(
                "name:N",
                scale=alt.Scale(
                    domain=names, range=[series_colour(index) for index in range(len(names))]
                ),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("name:N", title="backend"),
                alt.Tooltip("rate:Q", title=scale.unit),
                alt.Tooltip("label:N", title="share"),
                alt.Tooltip("streams:Q", title="streams, mean"),
            ],
        ),
        bars.mark_text(align="right", dx=-2).encode(x=alt.value("width"), text="label:N"),
        alt.Chart(even).mark_rule(color=INK, strokeDash=[5, 4], strokeWidth=1.5).encode(x="rate:Q"),
    ]
    return figure(
        alt.LayerChart(layer=layers),
        name="backends",
        title="Mean goodput over the hold by backend instance",
        description="Mean goodput of each backend instance over the hold, with its share in "
        "percent; the dashed line is an even share.",
        height=28 * max(len(names), 1) + 10,
    )


def first_byte_figure(seconds: Sequence[float]) -> ReportFigure:
    """Draw the share of streams with a first byte by time."""
    ordered = sorted(seconds)
    scale = short_time_scale(max(ordered, default=0.0))
    step = max(1, len(ordered) // MOST_STEPS)
    indexes = sorted({*range(0, len(ordered), step), len(ordered) - 1} if ordered else set())
    rows = [{"after": 0.0, "part": 0.0}] + [
        {"after": scale.of(ordered[index]), "part": (index + 1) / len(ordered)} for index in indexes
    ]
    part = alt.Y(
        "part:Q",
        title="streams with a first byte",
        axis=alt.Axis(format="%", tickCount=5, domain=False, ticks=False),
        scale=alt.Scale(domain=[0, 1]),
    )
    after = alt.X(
        "after:Q",
        title=f"from the dial to the first byte, {scale.unit}",
        axis=alt.Axis(grid=False, tickCount=8),
    )
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=after, y=part)
    tooltip = [
        alt.Tooltip("after:Q", title=scale.unit),
        alt.Tooltip("part:Q", title="streams", format=".0%"),
    ]
    half = alt.Chart(alt.InlineData(values=[{"part": 0.5}]))
    layers = [
        half.mark_rule(color=MUTED, strokeDash=[5, 4]).encode(y=alt.Y("part:Q")),
        base.mark_line(interpolate="step-after", strokeWidth=1.8, color=series_colour(0)),
        base.transform_filter("datum.part > 0")
        .mark_point(filled=True, size=28, color=series_colour(0))
        .encode(tooltip=tooltip),
    ]
    return figure(
        alt.LayerChart(layer=layers),
        name="first-byte",
        title="Time to first byte",
        description="Share of streams by the time from the dial to their first byte; the dashed "
        "line marks half of them.",
        height=180,
    )

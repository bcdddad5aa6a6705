"""Charts of a comparison: each figure's ratio with its interval, and both sides' repetitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from onionrig.views.report.charts.scales import rate_scale
from onionrig.views.report.colours import INK, MUTED, series_colour
from onionrig.views.report.figure import DASHES, SHAPES, Key, MarkShape, ReportFigure, figure

if TYPE_CHECKING:
    from onionrig.records.series.comparison import Comparison, Ratio, RatioVerdict

LEAST_SPAN = 1.1
"""Smallest span of the axis: from 1 over this to this, so that no difference looks like one."""
STEPS = (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
"""Ratios labelled on the axis, as are their inverses."""
MARKS: dict[RatioVerdict, tuple[MarkShape, str, str]] = {
    "higher": ("triangle-right", series_colour(0), "B is higher"),
    "lower": ("triangle-left", series_colour(1), "B is lower"),
    "no difference shown": ("circle", MUTED, "no difference shown"),
    "not repeated": ("diamond", MUTED, "not repeated: no interval"),
}
"""Shape, colour and meaning of each verdict."""


def ratios_figure(comparison: Comparison) -> ReportFigure | None:
    """Draw B over A with its interval for every figure with a ratio, or return None without any."""
    ratios = [ratio for ratio in comparison.ratios if ratio.ratio and ratio.verdict in MARKS]
    if not ratios:
        return None
    rows = [_row(ratio) for ratio in ratios]
    names = [ratio.what for ratio in ratios]
    verdicts = [verdict for verdict in MARKS if any(ratio.verdict == verdict for ratio in ratios)]
    chart = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("what:N", title=None, sort=names, axis=alt.Axis(domain=False, ticks=False))
    )
    across = alt.X(
        "ratio:Q",
        title="B over A",
        scale=alt.Scale(type="log", domain=_domain(ratios), nice=False),
        axis=alt.Axis(values=_ticks(ratios), format=".2~f", domain=False),
    )
    tooltips = [
        alt.Tooltip("what:N", title="figure"),
        alt.Tooltip("ratio:Q", title="B over A", format=".3f"),
        alt.Tooltip("lowest:Q", title="lowest", format=".3f"),
        alt.Tooltip("highest:Q", title="highest", format=".3f"),
        alt.Tooltip("verdict:N", title="verdict"),
    ]
    line = alt.Chart(alt.InlineData(values=[{"one": 1}])).mark_rule(color=INK)
    colour = alt.Color(
        "verdict:N",
        scale=alt.Scale(domain=verdicts, range=[MARKS[verdict][1] for verdict in verdicts]),
        legend=alt.Legend(title=None),
    )
    shape = alt.Shape(
        "verdict:N",
        scale=alt.Scale(domain=verdicts, range=[MARKS[verdict][0] for verdict in verdicts]),
        legend=alt.Legend(title=None),
    )
    layers = [
        line.encode(x=alt.X("one:Q")),
        chart.mark_rule(strokeWidth=3, strokeOpacity=0.6).encode(
            x=alt.X("lowest:Q"), x2="highest:Q", color=colour
        ),
        chart.mark_point(filled=True, size=90, opacity=1).encode(
            x=across, color=colour, shape=shape, tooltip=tooltips
        ),
    ]
    return figure(
        alt.LayerChart(layer=layers),
        name="ratios",
        title="B over A, with its interval",
        description="For each figure the ratio of B to A and its interval, around a line at 1.",
        height=30 * len(rows) + 10,
        keys=tuple(
            Key(name=MARKS[verdict][2], colour=MARKS[verdict][1], shape=MARKS[verdict][0])
            for verdict in verdicts
        ),
    )


def repetitions_figure(comparison: Comparison) -> ReportFigure | None:
    """Draw the sustained rate of every repetition in order, or return None without any."""
    sides = (comparison.a, comparison.b)
    known = [rate for side in sides for rate in side.sustained_bits_per_second if rate is not None]
    if not known:
        return None
    scale = rate_scale(max(known))
    rows = [
        {"side": side.name, "number": number, "rate": scale.of(rate)}
        for side in sides
        for number, rate in enumerate(side.sustained_bits_per_second, start=1)
        if rate is not None
    ]
    names = [side.name for side in sides]
    count = max(len(side.sustained_bits_per_second) for side in sides)
    encoded = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "number:O",
            title="repetition",
            scale=alt.Scale(domain=list(range(1, count + 1))),
            axis=alt.Axis(labelAngle=0, grid=False),
        ),
        y=alt.Y(
            "rate:Q",
            title=f"sustained, {scale.unit}",
            scale=alt.Scale(zero=True),
            axis=alt.Axis(tickCount=5, domain=False, ticks=False),
        ),
        color=alt.Color(
            "side:N",
            scale=alt.Scale(domain=names, range=[series_colour(0), series_colour(1)]),
            legend=alt.Legend(title=None),
        ),
    )
    layers = [
        encoded.mark_line(strokeWidth=1.6).encode(
            strokeDash=alt.StrokeDash(
                "side:N",
                scale=alt.Scale(domain=names, range=[list(dash) for dash in DASHES[:2]]),
                legend=alt.Legend(title=None),
            )
        ),
        encoded.mark_point(filled=True, size=70, opacity=1).encode(
            shape=alt.Shape(
                "side:N",
                scale=alt.Scale(domain=names, range=list(SHAPES[:2])),
                legend=alt.Legend(title=None),
            ),
            tooltip=[
                alt.Tooltip("side:N"),
                alt.Tooltip("number:O", title="repetition"),
                alt.Tooltip("rate:Q", title=scale.unit),
            ],
        ),
    ]
    return figure(
        alt.LayerChart(layer=layers),
        name="repetitions",
        title="Sustained rate of each repetition",
        description="The sustained rate of each repetition of A and of B, in the order they ran.",
        height=200,
        keys=tuple(
            Key(
                name=f"{side.name}: {side.title}",
                colour=series_colour(index),
                dash=tuple(DASHES[index]),
                shape=SHAPES[index],
            )
            for index, side in enumerate(sides)
        ),
    )


def _row(ratio: Ratio) -> dict[str, str | float | None]:
    low, high = _interval_ends(ratio)
    return {
        "what": ratio.what,
        "ratio": ratio.ratio,
        "lowest": low or ratio.ratio,
        "highest": high or ratio.ratio,
        "verdict": ratio.verdict,
    }


def _interval_ends(ratio: Ratio) -> tuple[float | None, float | None]:
    """Return the ends of the bar of a ratio: its interval, or else the range of its pairs."""
    return ratio.interval or (ratio.lowest, ratio.highest)


def _ticks(ratios: list[Ratio]) -> list[float]:
    """Return the ratios to label: from 1 outwards, none nearer than a tenth of the axis."""
    _, highest = _domain(ratios)
    near = highest ** (2 * 0.1)
    ticks = [1.0]
    for step in STEPS:
        if ticks[-1] * near <= step <= highest:
            ticks.append(step)
    return sorted({*ticks, *(1 / step for step in ticks)})


def _domain(ratios: list[Ratio]) -> list[float]:
    """Return the ends of the axis: equally far from 1 on both sides, with a minimum."""
    values = [
        value
        for ratio in ratios
        for value in (ratio.ratio, *_interval_ends(ratio))
        if value is not None and value > 0
    ]
    highest = max([LEAST_SPAN, *values, *(1 / value for value in values)]) * 1.03
    return [1 / highest, highest]

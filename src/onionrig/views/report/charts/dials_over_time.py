"""Draw the charts of streams dialled under load: how many failed, how long the others took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.over_time.series import FAILED, HIGHEST, MEDIAN, SERVED, WAITING
from onionrig.views.report.charts.load_over_time import COUNT
from onionrig.views.report.charts.scales import short_time_scale
from onionrig.views.report.charts.time_chart import ChartLine, TimeChart
from onionrig.views.report.charts.timelines import lines_figure, stacked_figure
from onionrig.views.report.colours import BAD, series_colour

if TYPE_CHECKING:
    from onionrig.analysis.over_time.series import Series
    from onionrig.views.report.figure import ReportFigure

COLOURS = {SERVED: series_colour(0), FAILED: BAD, WAITING: series_colour(1)}
"""Colour of new streams by their outcome."""


def dialled_figure(series: Series) -> ReportFigure:
    """Draw how many new streams were dialled in each second, and how many of them failed."""
    chart = TimeChart(
        timeline=series.dialled,
        lines=tuple(
            ChartLine(name=name, colour=colour)
            for name, colour in COLOURS.items()
            if name in series.dialled.lines
        ),
        scale=COUNT,
        title="new streams",
        loads=series.loads,
        faults=series.faults,
    )
    return stacked_figure(
        chart,
        name="dialled",
        title="New streams dialled in each second",
        description="New streams by the second in which they were dialled: those that failed, that "
        "were served, and that still waited when the dialling was ended.",
        height=180,
    )


def dial_wait_figure(series: Series) -> ReportFigure:
    """Draw how long the new streams of each second waited for their first byte."""
    timeline = series.dial_wait_seconds
    chart = TimeChart(
        timeline=timeline,
        lines=(
            ChartLine(name=HIGHEST, colour=series_colour(1)),
            ChartLine(name=MEDIAN, colour=series_colour(0)),
        ),
        scale=short_time_scale(timeline.highest),
        title="to the first byte",
        loads=series.loads,
        faults=series.faults,
    )
    return lines_figure(
        chart,
        name="dial-waits",
        title="From the dial of a new stream to its first byte",
        description="How long the new streams dialled in each second waited for their first byte: "
        "the median, and the slowest. Where there is no line, none was served.",
        height=180,
    )

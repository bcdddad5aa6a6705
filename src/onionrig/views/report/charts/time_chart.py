"""Define what is drawn over the time of a run, and its points as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onionrig.analysis.over_time.series import SeriesFault, SeriesLoad
from onionrig.analysis.over_time.timeline import Timeline
from onionrig.records import Part
from onionrig.views.report.charts.scales import UnitScale, time_scale

if TYPE_CHECKING:
    from collections.abc import Sequence


class ChartLine(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of a chart's lines or areas."""

    name: str
    colour: str


class Level(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value to compare the lines with, in the timeline's unit."""

    name: str
    value: float
    begin: float | None = None
    """Second at which it begins; None for the whole run."""
    end: float | None = None


class TimeChart(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lines over time, and what they are compared with."""

    timeline: Timeline
    lines: tuple[ChartLine, ...]
    scale: UnitScale
    """Unit of the values."""
    title: str
    """Name of the values, without the unit."""
    loads: tuple[SeriesLoad, ...] = ()
    levels: tuple[Level, ...] = ()
    faults: tuple[SeriesFault, ...] = ()

    @property
    def span(self) -> tuple[float, float]:
        """First and last drawn moment in seconds."""
        starts, lasting = self.timeline.at_seconds, self.timeline.lasting_seconds
        return (starts[0], starts[-1] + lasting[-1]) if starts else (0.0, 1.0)

    @property
    def time(self) -> UnitScale:
        """Unit of time."""
        return time_scale(self.span[1] - self.span[0])


def keys_of(lines: Sequence[ChartLine]) -> list[str]:
    """Return a field name per line; the name of a line may contain what a field name cannot."""
    return [f"line{index:02d}" for index in range(len(lines))]


def rows(chart: TimeChart) -> list[dict[str, Any]]:
    """Return a row for each stretch of time, with its point in its middle.

    The outermost points are repeated at the edges, so that the drawing fills the chart. A value is
    null if nothing was recorded.
    """
    timeline = chart.timeline
    stretches = zip(timeline.at_seconds, timeline.lasting_seconds, strict=True)
    inner = [_row(chart, index, start, lasting) for index, (start, lasting) in enumerate(stretches)]
    if not inner:
        return []
    first, last = inner[0], inner[-1]
    return [first | {"middle": first["begin"]}, *inner, last | {"middle": last["end"]}]


def _row(chart: TimeChart, index: int, start: float, lasting: float) -> dict[str, Any]:
    time, scale = chart.time, chart.scale
    values = [chart.timeline.lines[line.name][index] for line in chart.lines]
    known = [value for value in values if value is not None]
    scaled = {
        key: None if value is None else scale.of(value)
        for key, value in zip(keys_of(chart.lines), values, strict=True)
    }
    return {
        **scaled,
        "total": scale.of(sum(known)) if known else None,
        "begin": time.of(start),
        "middle": time.of(start + lasting / 2),
        "end": time.of(start + lasting),
    }

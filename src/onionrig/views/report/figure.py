"""Describe a chart for a page and an image file: its specification, and its meaning in words."""

from __future__ import annotations

import re
from typing import Any, Literal

import altair as alt

from onionrig.records import Part
from onionrig.views.report.colours import INK, LINE, MUTED, PAGE

Chart = alt.Chart | alt.LayerChart
MarkShape = Literal[
    "circle", "square", "diamond", "triangle-up", "triangle-down", "triangle-left", "triangle-right"
]

DASHES: tuple[tuple[int, ...], ...] = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3))
SHAPES: tuple[MarkShape, ...] = ("circle", "square", "triangle-up", "diamond", "triangle-down")
"""Shapes of series, distinct also for readers who see no colours."""

POINTS = "points"

_PATHS: dict[MarkShape, str] = {
    "circle": "M7 6a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
    "square": "M7 1h10v10h-10z",
    "diamond": "M12 0l5 6l-5 6l-5 -6z",
    "triangle-up": "M12 0l6 11h-12z",
    "triangle-down": "M12 12l6 -11h-12z",
    "triangle-left": "M6 6l11 -6v12z",
    "triangle-right": "M18 6l-11 -6v12z",
}
_NO_FILE_NAME = re.compile(r"[^A-Za-z0-9.-]+")

FONT = "system-ui, 'Liberation Sans', 'DejaVu Sans', Arial, sans-serif"
"""Font: the reader's own; the others are for images made without one."""


class Key(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The meaning of one colour: an area, or a line, a point, or a line of points."""

    name: str
    colour: str
    dash: tuple[int, ...] | None = None
    shape: MarkShape | None = None

    @property
    def path(self) -> str:
        """Path of the shape in a box of 24 by 12; an area is a square."""
        return _PATHS[self.shape or "square"]


class ReportFigure(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A chart, drawn as wide as the page."""

    name: str
    """Name of its files, and its anchor in the page."""
    title: str
    """Title of the chart."""
    description: str
    """Description for readers who cannot see it."""
    height: int
    keys: tuple[Key, ...]
    spec: dict[str, Any]
    """Vega-Lite specification; its colours are variables of the page. It includes keys, for
    images."""


def figure(  # noqa: PLR0913 - a figure is all of these
    chart: Chart,
    *,
    name: str,
    title: str,
    description: str,
    height: int = 240,
    keys: tuple[Key, ...] = (),
    points: list[dict[str, Any]] | None = None,
) -> ReportFigure:
    """Make a figure of a chart.

    ``points`` is the data that it calls ``POINTS``; altair would copy and check every row of it.
    """
    configured = (
        chart.properties(width="container", height=height, description=description)
        .configure(background="transparent", font=FONT, aria=False, padding=2)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=MUTED,
            titleColor=MUTED,
            titleFontWeight="normal",
            titleFontSize=12,
            labelFontSize=12,
            gridColor=LINE,
            domainColor=LINE,
            tickColor=LINE,
            labelOverlap=True,
        )
        .configure_legend(
            labelColor=INK,
            labelFontSize=12,
            labelLimit=220,
            titleColor=MUTED,
            titleFontWeight="normal",
            titleFontSize=12,
            orient="top",
            direction="horizontal",
            columns=4,
            symbolType="square",
            offset=8,
        )
        .configure_text(color=INK, fontSize=12)
    )
    with alt.data_transformers.disable_max_rows():
        spec = configured.to_dict()
    if points is not None:
        spec["datasets"] = {**spec.get("datasets", {}), POINTS: points}
    return ReportFigure(
        name=_NO_FILE_NAME.sub("-", name),
        title=title,
        description=description,
        height=height,
        keys=keys,
        spec=spec,
    )


def outlined(chart: alt.Chart, **mark: Any) -> list[alt.Chart]:  # noqa: ANN401 - a mark's own
    """Return text over a chart's marks as two layers: its outline, and what is read on any mark."""
    return [
        chart.mark_text(**mark, stroke=PAGE, strokeWidth=4, strokeJoin="round"),
        chart.mark_text(**mark),
    ]

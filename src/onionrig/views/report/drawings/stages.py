"""Draw stages that bytes pass, and how much went over each link, as SVG.

Twice: side by side with a line for each flow, and one below the other for a phone. Colours and
fonts are the page's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

from onionrig.records.part import Part
from onionrig.units import rate_text
from onionrig.views.report.colours import MUTED
from onionrig.views.report.drawings.shapes import box, canvas, polygon, text

if TYPE_CHECKING:
    from collections.abc import Sequence

THINNEST, THICKEST = 1.0, 10.0
LINE = 17.0


class Stage(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column of processes, or one box for those that are not told apart."""

    title: str
    details: tuple[str, ...]
    inside: tuple[str, ...] = ()
    """Lines of text in a box."""
    nodes: tuple[str, ...] = ()
    """Each beside its flow of the links on both sides; none is one box."""


class Flow(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What went over a link to or from one node."""

    bits_per_second: float | None
    colour: str


class Drawing(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stages and the flows between each two."""

    title: str
    stages: tuple[Stage, ...]
    links: tuple[tuple[Flow, ...], ...]
    """Bytes come from the right (or from below)."""


def wide(drawing: Drawing) -> str:
    """Draw the stages side by side."""
    width, top, pitch = 960.0, 40.0, 36.0
    rows = max(
        [len(flows) for flows in drawing.links] + [len(stage.nodes) for stage in drawing.stages],
        default=1,
    )
    lines = max((len(stage.inside) for stage in drawing.stages), default=0)
    height = max(rows * pitch, lines * LINE + 16)
    count = len(drawing.stages)
    column = min(160.0, width / (1.5 * count))
    step = (width - column) / max(count - 1, 1)
    svg = canvas("wide", width, top + height + 2, drawing.title)
    for index, flows in enumerate(drawing.links):
        begin, end = index * step + column, (index + 1) * step
        for flow, y in zip(flows, _spread(len(flows), top, height), strict=True):
            _line(svg, (begin, end), y, flow, most=_most(drawing))
    for index, stage in enumerate(drawing.stages):
        x = index * step
        text(svg, x + column / 2, 14, stage.title, kind="title")
        for number, detail in enumerate(stage.details):
            text(svg, x + column / 2, 30 + 15 * number, detail, kind="detail")
        if not stage.nodes:
            box(svg, x, top, column, height)
            first = top + (height - LINE * len(stage.inside)) / 2 + 13
            for number, line in enumerate(stage.inside):
                text(svg, x + column / 2, first + LINE * number, line, kind="detail")
        for name, y in zip(stage.nodes, _spread(len(stage.nodes), top, height), strict=True):
            box(svg, x, y - 13, column, 26)
            text(svg, x + column / 2, y + 4, name, kind="node")
    return ElementTree.tostring(svg, encoding="unicode")


def narrow(drawing: Drawing) -> str:
    """Draw the stages one below the other."""
    width, line, y = 340.0, 24.0, 0.0
    svg = canvas("narrow", width, 0, drawing.title)
    for index, stage in enumerate(drawing.stages):
        texts = (*stage.details, *stage.inside)
        lines = len(texts) + len(stage.nodes)
        height = 34 + line * lines
        box(svg, 0, y, width, height)
        text(svg, 12, y + 22, stage.title, kind="title", anchor="start")
        for number, detail in enumerate(texts):
            text(svg, 12, y + 22 + line * (number + 1), detail, kind="detail", anchor="start")
        flows = _beside(drawing, index)
        for number, name in enumerate(stage.nodes):
            below = y + 22 + line * (len(texts) + number + 1)
            text(svg, 12, below, name, kind="node", anchor="start")
            rate = flows[number].bits_per_second if number < len(flows) else None
            text(svg, width - 12, below, _rate(rate), kind="node", anchor="end")
        y += height
        if index < len(drawing.links):
            _arrow_up(svg, width / 2, y, drawing.links[index])
            y += 40
    svg.set("viewBox", f"0 0 {width:g} {y:g}")
    return ElementTree.tostring(svg, encoding="unicode")


def _beside(drawing: Drawing, index: int) -> tuple[Flow, ...]:
    """Return the flows of a stage's nodes: of the link towards the clients, else of the other."""
    nodes = len(drawing.stages[index].nodes)
    links = [*drawing.links[max(index - 1, 0) : index], *drawing.links[index : index + 1]]
    return next((flows for flows in links if len(flows) == nodes), ())


def _most(drawing: Drawing) -> float:
    return max(
        (flow.bits_per_second or 0.0 for flows in drawing.links for flow in flows), default=0.0
    )


def _spread(count: int, top: float, height: float) -> list[float]:
    return [top + height * (number + 0.5) / count for number in range(count)]


def _line(
    svg: ElementTree.Element, ends: tuple[float, float], y: float, flow: Flow, *, most: float
) -> None:
    begin, end = ends
    share = (flow.bits_per_second or 0.0) / most if most else 0.0
    thick = THINNEST + (THICKEST - THINNEST) * share
    line = {"x1": f"{begin + 8:g}", "x2": f"{end:g}", "y1": f"{y:g}", "y2": f"{y:g}"}
    style = {"stroke": flow.colour, "stroke-width": f"{thick:.1f}"}
    if not flow.bits_per_second:
        style["stroke-dasharray"] = "3 4"
    ElementTree.SubElement(svg, "line", line | style)
    head = max(thick, 5.0)
    points = [(begin + 1, y), (begin + 9, y - head), (begin + 9, y + head)]
    polygon(svg, points, flow.colour)
    text(svg, (begin + end) / 2 + 4, y - thick / 2 - 4, _rate(flow.bits_per_second), kind="rate")


def _arrow_up(svg: ElementTree.Element, x: float, y: float, flows: Sequence[Flow]) -> None:
    known = [flow.bits_per_second for flow in flows if flow.bits_per_second is not None]
    line = {"x1": f"{x:g}", "x2": f"{x:g}", "y1": f"{y + 8:g}", "y2": f"{y + 40:g}"}
    ElementTree.SubElement(svg, "line", line | {"stroke": MUTED, "stroke-width": "3"})
    polygon(svg, [(x, y + 2), (x - 6, y + 12), (x + 6, y + 12)], MUTED)
    text(svg, x + 14, y + 25, _rate(sum(known) if known else None), kind="rate", anchor="start")


def _rate(bits_per_second: float | None) -> str:
    return "not known" if bits_per_second is None else rate_text(bits_per_second)

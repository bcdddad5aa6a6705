"""Draw hosts around their switch as SVG; the links' bars show how full they were.

Twice: on both sides of the switch, and one below the other along it for a phone.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from onionrig.views.report.colours import BAD, MUTED, series_colour
from onionrig.views.report.drawings.shapes import box, canvas, polygon, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.views.report.drawings.host_boxes import HostBox, HostsDrawing, Strand, Way

WIDE, NARROW = 960.0, 340.0
BOX_WIDTH, SWITCH_WIDTH = 250.0, 60.0
WIDE_CHARACTERS, NARROW_CHARACTERS = 37, 46
"""The longest detail in a line."""
LINE, TITLE, GAP = 17.0, 22.0, 14.0
BUS, INDENT, BAR_WIDTH = 10.0, 26.0, 100.0
BAR, STRAND_PITCH, MOST_STRANDS_HEIGHT = 8.0, 5.0, 110.0
ARROW = 8.0


def wide_hosts(drawing: HostsDrawing) -> str:
    """Draw those that serve on the right, as bytes come from there, and the others on the left."""
    left, right = _sides(drawing)
    height = max(_column_height(left), _column_height(right))
    svg = canvas("wide", WIDE, height, drawing.title)
    middle = (WIDE - SWITCH_WIDTH) / 2
    for column, at_left in ((left, True), (right, False)):
        y = (height - _column_height(column)) / 2
        for host in column:
            tall = _wide_height(host)
            x = 0.0 if at_left else WIDE - BOX_WIDTH
            box(svg, x, y, BOX_WIDTH, tall)
            _told(svg, x + 12, y, host, WIDE_CHARACTERS)
            lane = (BOX_WIDTH, middle) if at_left else (WIDE - BOX_WIDTH, middle + SWITCH_WIDTH)
            below = y + (tall - _ways_height(host)) / 2
            for way in host.ways:
                below = _lane(svg, lane, below, way)
            y += tall + GAP
    box(svg, middle, 0, SWITCH_WIDTH, height)
    text(svg, WIDE / 2, height / 2 + 4, "switch", kind="title")
    return ElementTree.tostring(svg, encoding="unicode")


def narrow_hosts(drawing: HostsDrawing) -> str:
    """Draw the switch as a line along all hosts."""
    svg = canvas("narrow", NARROW, 0, drawing.title)
    y = 40.0
    places: list[tuple[float, float]] = []
    for host in (*drawing.serving, *drawing.others):
        lines = _lines(host, NARROW_CHARACTERS)
        text_height = TITLE + 6 + LINE * len(lines)
        tall = text_height + sum(_bars_height(way) for way in host.ways) + 6
        box(svg, INDENT, y, NARROW - INDENT, tall)
        _told(svg, INDENT + 12, y, host, NARROW_CHARACTERS)
        below = y + text_height
        for way in host.ways:
            _bars(svg, below, way)
            below += _bars_height(way)
        places.append((y, tall))
        y += tall + GAP
    for top, tall in places:
        box(svg, BUS - 1, top + tall / 2 - 2, INDENT - BUS + 1, 5, kind="wire")
    last = sum(places[-1]) - places[-1][1] / 2 if places else y
    box(svg, 0, 14, BUS, last - 11)
    box(svg, 0, 0, 76, 28)
    text(svg, 38, 18, "switch", kind="title")
    svg.set("viewBox", f"0 0 {NARROW:g} {y - GAP:g}")
    return ElementTree.tostring(svg, encoding="unicode")


def _sides(drawing: HostsDrawing) -> tuple[Sequence[HostBox], Sequence[HostBox]]:
    """Return what stands on the left and on the right: halves, where one side would be empty."""
    if drawing.serving and drawing.others:
        return drawing.others, drawing.serving
    boxes = drawing.serving or drawing.others
    half = (len(boxes) + 1) // 2
    return boxes[:half], boxes[half:]


def _lines(host: HostBox, characters: int) -> list[str]:
    return [line for detail in host.details for line in textwrap.wrap(detail, characters)]


def _told(svg: ElementTree.Element, x: float, y: float, host: HostBox, characters: int) -> None:
    text(svg, x, y + TITLE, host.title, kind="title", anchor="start")
    for number, line in enumerate(_lines(host, characters), start=1):
        text(svg, x, y + TITLE + LINE * number, line, kind="detail", anchor="start")


def _column_height(column: Sequence[HostBox]) -> float:
    return sum(_wide_height(host) + GAP for host in column) - GAP if column else 0.0


def _wide_height(host: HostBox) -> float:
    text_height = TITLE + LINE * len(_lines(host, WIDE_CHARACTERS)) + 12
    return max(text_height, _ways_height(host))


def _ways_height(host: HostBox) -> float:
    return sum(_way_height(way) for way in host.ways)


def _way_height(way: Way) -> float:
    return LINE * len(way.lines) + _strands_height(way) + 8


def _strands_height(way: Way) -> float:
    """Leave room for one bar, or for thinner ones, however many."""
    many = len(way.strands)
    return BAR if many == 1 else min(many * STRAND_PITCH, MOST_STRANDS_HEIGHT)


def _lane(svg: ElementTree.Element, lane: tuple[float, float], y: float, way: Way) -> float:
    """Draw one direction between a box and the switch; return where the next begins."""
    host, switch = lane
    begin, end = (host, switch) if way.direction == "sent" else (switch, host)
    for number, line in enumerate(way.lines):
        text(svg, (host + switch) / 2, y + 12 + LINE * number, line, kind="rate")
    top = y + LINE * len(way.lines)
    step = 1.0 if end > begin else -1.0
    tip = end - step * 2
    _strands(svg, (begin + step * 4, tip - step * ARROW), top, way)
    middle, half = top + _strands_height(way) / 2, max(_strands_height(way) / 2, 5.0)
    half = min(half, ARROW)
    polygon(
        svg,
        [(tip, middle), (tip - step * ARROW, middle - half), (tip - step * ARROW, middle + half)],
        BAD if any(strand.full for strand in way.strands) else MUTED,
    )
    return y + _way_height(way)


def _bars_height(way: Way) -> float:
    return max(LINE * len(way.lines), _strands_height(way)) + 6


def _bars(svg: ElementTree.Element, y: float, way: Way) -> None:
    """Draw one direction in a box, beside what is said of it."""
    left = INDENT + 12
    room = _bars_height(way) - 6
    _strands(svg, (left, left + BAR_WIDTH), y + (room - _strands_height(way)) / 2, way)
    first = y + (room - LINE * len(way.lines)) / 2 + 12
    for number, line in enumerate(way.lines):
        at = left + BAR_WIDTH + 8
        text(svg, at, first + LINE * number, line, kind="rate", anchor="start")


def _strands(svg: ElementTree.Element, ends: tuple[float, float], y: float, way: Way) -> None:
    pitch = _strands_height(way) / len(way.strands)
    thick = pitch if len(way.strands) == 1 else 0.8 * pitch
    for number, strand in enumerate(way.strands):
        _strand(svg, ends, y + pitch * number, thick, strand)


def _strand(
    svg: ElementTree.Element, ends: tuple[float, float], y: float, thick: float, strand: Strand
) -> None:
    """Draw how much of a link's rate was used, from where its bytes come; a line if it has none."""
    begin, end = ends
    if strand.share is None:
        line = {"x1": f"{begin:g}", "x2": f"{end:g}", "y1": f"{y + thick / 2:g}"}
        line |= {"y2": line["y1"], "stroke": MUTED, "stroke-width": "1.5"}
        ElementTree.SubElement(svg, "line", line)
        return
    _bar(svg, (begin, end), y, thick, {"class": "track"})
    reached = begin + (end - begin) * min(max(strand.share, 0.0), 1.0)
    colour = BAD if strand.full else series_colour(0)
    _bar(svg, (begin, reached), y, thick, {"class": "carried", "style": f"fill:{colour}"})


def _bar(
    svg: ElementTree.Element,
    ends: tuple[float, float],
    y: float,
    thick: float,
    looks: dict[str, str],
) -> None:
    place = {"x": min(ends), "y": y, "width": abs(ends[1] - ends[0]), "height": thick}
    ElementTree.SubElement(svg, "rect", {key: f"{at:g}" for key, at in place.items()} | looks)

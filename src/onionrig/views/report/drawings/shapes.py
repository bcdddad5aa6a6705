"""Shapes of which drawings in the page are made; colours and fonts are the page's."""

from __future__ import annotations

from xml.etree import ElementTree


def canvas(kind: str, width: float, height: float, title: str) -> ElementTree.Element:
    """Return an empty drawing; ``kind`` is ``wide`` or ``narrow``, ``title`` what it shows."""
    svg = ElementTree.Element(
        "svg",
        {
            "class": f"rig {kind}",
            "viewBox": f"0 0 {width:g} {height:g}",
            "role": "img",
            "aria-label": title,
        },
    )
    ElementTree.SubElement(svg, "title").text = title
    return svg


def box(  # noqa: PLR0913 - where, how large and how
    svg: ElementTree.Element,
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    kind: str = "",
) -> None:
    """Draw a box."""
    place = {"x": x + 0.5, "y": y + 0.5, "width": width - 1, "height": height - 1, "rx": 4.0}
    shape = {key: f"{value:g}" for key, value in place.items()}
    ElementTree.SubElement(svg, "rect", shape | ({"class": kind} if kind else {}))


def text(  # noqa: PLR0913 - where, what and how
    svg: ElementTree.Element, x: float, y: float, words: str, *, kind: str, anchor: str = "middle"
) -> None:
    """Write a line of text."""
    place = {"x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor, "class": kind}
    ElementTree.SubElement(svg, "text", place).text = words


def polygon(svg: ElementTree.Element, points: list[tuple[float, float]], colour: str) -> None:
    """Draw an area."""
    corners = " ".join(f"{x:g},{y:g}" for x, y in points)
    ElementTree.SubElement(svg, "polygon", {"points": corners, "fill": colour})

"""Draw a report's charts as images: in files for use elsewhere, and as stills in a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import vl_convert

from onionrig.views.report.colours import LIGHT, painted

if TYPE_CHECKING:
    from onionrig.views.report.figure import ReportFigure

WIDTH = 860
"""Width in pixels; the charts of the page are as wide as the page."""
PNG_SCALE = 2.0
STILL_WIDTH, STILL_FONT_SIZE = 440, 14
"""Width and font size in pixels of the drawing; style.css has the displayed sizes."""


def still(figure: ReportFigure) -> str:
    """Draw a figure for a page without scripts, which provides colours and keys.

    One drawing serves a desk and a phone, where the page enlarges or shrinks it, so it leaves room
    for the larger text on a phone.
    """
    config = figure.spec["config"]
    text = {"labelFontSize": STILL_FONT_SIZE, "titleFontSize": STILL_FONT_SIZE}
    spec = {
        **without_legends(figure.spec),
        "width": STILL_WIDTH,
        "autosize": {"type": "fit", "contains": "padding"},
        "config": {
            **config,
            "axis": {**config["axis"], **text},
            "text": {**config["text"], "fontSize": STILL_FONT_SIZE},
        },
    }
    svg_text: str = vl_convert.vegalite_to_svg(msgspec.json.encode(spec).decode())
    return svg_text


def svg(figure: ReportFigure) -> str:
    """Draw a figure in light colours."""
    spec = {
        **figure.spec,
        "width": WIDTH,
        "title": {"text": figure.title, "anchor": "start"},
        "background": LIGHT.page,
    }
    text = painted(msgspec.json.encode(spec).decode(), LIGHT)
    svg_text: str = vl_convert.vegalite_to_svg(text)
    return svg_text


def png(svg_text: str) -> bytes:
    """Turn a drawn figure into pixels."""
    pixels: bytes = vl_convert.svg_to_png(svg_text, scale=PNG_SCALE)
    return pixels


def without_legends(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a specification that leaves the keys to the page, which wraps them."""
    return {
        key: None if key == "legend" and "field" in spec else _without_legends(value)
        for key, value in spec.items()
    }


def _without_legends(value: object) -> object:
    if isinstance(value, dict):
        return without_legends(value)
    return [_without_legends(item) for item in value] if isinstance(value, list) else value

"""A report's charts as image files, for those who put them elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import vl_convert

from onionrig.views.report.colours import LIGHT, painted

if TYPE_CHECKING:
    from onionrig.views.report.figure import Figure

WIDTH = 860
"""In pixels; the page's charts are as wide as the page."""
PNG_SCALE = 2.0


def svg(figure: Figure) -> str:
    """Draw a figure in light colours."""
    spec = {
        **figure.spec,
        "width": WIDTH,
        "title": {"text": figure.title, "anchor": "start"},
        "background": LIGHT.page,
    }
    text = painted(msgspec.json.encode(spec).decode(), LIGHT)
    drawn: str = vl_convert.vegalite_to_svg(text)
    return drawn


def png(drawn: str) -> bytes:
    """Turn a drawn figure into pixels."""
    pixels: bytes = vl_convert.svg_to_png(drawn, scale=PNG_SCALE)
    return pixels

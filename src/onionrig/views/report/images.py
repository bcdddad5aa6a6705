"""A report's charts as images: in files for those who put them elsewhere, and still in a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import vl_convert

from onionrig.views.report.colours import LIGHT, painted

if TYPE_CHECKING:
    from onionrig.views.report.figure import Figure

WIDTH = 860
"""In pixels; the page's charts are as wide as the page."""
PNG_SCALE = 2.0


def still(figure: Figure, width: int) -> str:
    """Draw a figure so wide for a page without scripts, which has colours and keys."""
    spec = {
        **without_legends(figure.spec),
        "width": width,
        "autosize": {"type": "fit", "contains": "padding"},
    }
    svg_text: str = vl_convert.vegalite_to_svg(msgspec.json.encode(spec).decode())
    return svg_text


def svg(figure: Figure) -> str:
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
    return [_without_legends(each) for each in value] if isinstance(value, list) else value

"""Colours of a page: as a browser names them, and how well one stands out from another."""

from __future__ import annotations


def rgb(colour):
    """Return a colour that is written ``#rrggbb`` as a browser writes it."""
    return f"rgb({', '.join(str(channel) for channel in _channels(colour))})"


def contrast(one, other):
    """Return the contrast ratio of two colours, written in either way (WCAG 2)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour):
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in _channels(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour):
    if colour.startswith("#"):
        return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return [int(channel) for channel in colour.removeprefix("rgb(").rstrip(")").split(", ")]

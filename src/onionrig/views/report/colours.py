"""Define the colours of a report, in light and dark.

Charts and drawings name a colour as a CSS variable, so the page alone decides what it is, and a
change of scheme or a printer needs no redrawing. Image files have no page: their colours are fixed.
"""

from __future__ import annotations

import re

from onionrig.records import Part

PAGE = "var(--page)"
INK = "var(--ink)"
MUTED = "var(--muted)"
LINE = "var(--line)"
SHADE = "var(--shade)"
BAD = "var(--bad)"

_VARIABLE = re.compile(r"var\(--([a-z]+)-?(\d*)\)")


class Scheme(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value for each colour."""

    page: str
    ink: str
    muted: str
    """Colour of secondary text; contrast to the page at least 4.5 to 1, like ink."""
    line: str
    shade: str
    """Background of a part of a chart or a table."""
    good: str
    bad: str
    series: tuple[str, ...]
    """Colours of series; neighbours differ with each kind of colour blindness."""


LIGHT = Scheme(
    page="#ffffff",
    ink="#1d2327",
    muted="#5b646b",
    line="#d5dade",
    shade="#f1f3f5",
    good="#00705a",
    bad="#b3391f",
    series=(
        "#0072b2", "#d98200", "#00876c", "#b0569b", "#4a9cd3", "#b3391f", "#7a7f87", "#8c8211",
    ),
)  # fmt: skip
DARK = Scheme(
    page="#14171a",
    ink="#e6e9eb",
    muted="#a0a8ae",
    line="#394046",
    shade="#20252a",
    good="#4fc3a1",
    bad="#ff8a70",
    series=(
        "#4ea3e0", "#f0a830", "#2fb795", "#d489c2", "#9ad4f5", "#ee7755", "#9aa0a8", "#c9bd4a",
    ),
)  # fmt: skip


SERIES = len(LIGHT.series)
"""Number of colours; then they repeat."""


def series_colour(index: int) -> str:
    """Return the colour of the series at this index; after the last comes the first."""
    return f"var(--series-{index % SERIES})"


def style_variables() -> str:
    """Return the style sheet that defines the colours; paper is light."""
    return (
        f":root{{color-scheme:light dark;{_declared(LIGHT)}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{_declared(DARK)}}}}}"
    )


def painted(text: str, scheme: Scheme) -> str:
    """Replace the variables by the colours of a scheme."""
    return _VARIABLE.sub(lambda match: _colour(scheme, match[1], match[2]), text)


def _colour(scheme: Scheme, name: str, index: str) -> str:
    if index:
        return scheme.series[int(index)]
    colour: str = getattr(scheme, name)
    return colour


def _declared(scheme: Scheme) -> str:
    plain = [
        f"--{name}:{getattr(scheme, name)}" for name in scheme.__struct_fields__ if name != "series"
    ]
    return ";".join(
        plain + [f"--series-{index}:{colour}" for index, colour in enumerate(scheme.series)]
    )

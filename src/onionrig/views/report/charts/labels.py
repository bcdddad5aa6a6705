"""Text over a chart's marks, outlined so that it can be read on any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onionrig.views.report.colours import PAGE

if TYPE_CHECKING:
    import altair as alt


def outlined(chart: alt.Chart, **mark: Any) -> list[alt.Chart]:  # noqa: ANN401 - a mark's own
    """Return the layers of a chart's text: the outline, and what is read."""
    return [
        chart.mark_text(**mark, stroke=PAGE, strokeWidth=4, strokeJoin="round"),
        chart.mark_text(**mark),
    ]

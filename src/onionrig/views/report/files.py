"""Write a report as files: report.html, and its charts beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.records import Part
from onionrig.views.report.figure import ReportFigure
from onionrig.views.report.images import png, svg
from onionrig.views.report.page import page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onionrig.views.report.document import Document

PAGE, CHARTS = "report.html", "charts"
"""File of the page, and directory of the charts beside it."""


class Report(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page, and the charts in it."""

    html: str
    figures: tuple[ReportFigure, ...]

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield the name and the content of each file, the page last.

        A chart is drawn when it is asked for: it takes a while, and only one is held at a time.
        """
        for figure in self.figures:
            svg_text = svg(figure)
            yield f"{CHARTS}/{figure.name}.svg", svg_text.encode()
            yield f"{CHARTS}/{figure.name}.png", png(svg_text)
        yield PAGE, self.html.encode()


def report(document: Document) -> Report:
    """Make the report of a document."""
    return Report(html=page(document), figures=document.figures)

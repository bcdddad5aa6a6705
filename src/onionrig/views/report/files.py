"""A report, and putting it into files: report.html, and its charts beside it as SVG and PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.records.part import Part
from onionrig.store.lines import unwritable
from onionrig.store.whole_files import replace_file
from onionrig.views.report.figure import Figure
from onionrig.views.report.images import png, svg
from onionrig.views.report.page import page

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.views.report.document import Document

PAGE, CHARTS = "report.html", "charts"


class Report(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page, and the charts in it."""

    html: str
    figures: tuple[Figure, ...]


def report(document: Document) -> Report:
    """Make the report of a document."""
    return Report(html=page(document), figures=document.figures)


def write(made: Report, directory: Path) -> Path:
    """Write a report into a directory, in place of an earlier one; return the page's path.

    Raises RunDirectoryError.
    """
    charts = directory / CHARTS
    try:
        charts.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(charts, error) from error
    for figure in made.figures:
        svg_text = svg(figure)
        replace_file(charts / f"{figure.name}.svg", svg_text.encode())
        replace_file(charts / f"{figure.name}.png", png(svg_text))
    path = directory / PAGE
    replace_file(path, made.html.encode())
    return path

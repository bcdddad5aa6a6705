"""Describe a report in reading order: plain data that the page is made from."""

from __future__ import annotations

from typing import Literal

from onionrig.records import Part
from onionrig.views.report.drawings.host_boxes import HostsDrawing
from onionrig.views.report.drawings.stages import Drawing
from onionrig.views.report.figure import ReportFigure

UNKNOWN = "\u2013"
"""Cell of a value that was not measured."""

Mood = Literal["good", "bad", "doubted", "plain"]


class Bar(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cell of a table with a bar for its value."""

    text: str
    share: float
    """Length of the bar as a share of the cell's width, 0 to 1."""
    full: bool = False
    """True if the value is at its limit."""


class PageLink(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cell of a table that leads to another page."""

    text: str
    address: str
    """Address of the page, relative to this one."""


Cell = str | Bar | PageLink


class Column(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column of a table."""

    title: str
    kind: Literal["text", "number", "long"] = "text"
    """Kind of the cells: numbers are right-aligned, long text gets room."""


class ReportTable(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows under columns; the first cell of a row names it."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Prose(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Paragraphs, or the items of a list."""

    paragraphs: tuple[str, ...]
    listed: bool = False


class Folded(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Text as it is, shown to those who ask for it."""

    title: str
    text: str
    opened: bool = False


class FoldedFigures(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Charts that few look at."""

    title: str
    figures: tuple[ReportFigure, ...]


class Still(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A chart that the page has as a picture, for a page to hand on that needs no script."""

    figure: ReportFigure


Block = ReportFigure | Still | ReportTable | Prose | Folded | FoldedFigures | Drawing | HostsDrawing


class Fact(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key figure."""

    name: str
    value: str
    note: str = ""


class Section(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A heading, a sentence with the finding, and the blocks that show it."""

    name: str
    """Anchor of the section."""
    title: str
    finding: str
    blocks: tuple[Block, ...]


class Document(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A report without its layout."""

    title: str
    about: tuple[str, ...]
    """Name, time and kind of the run."""
    verdict: str
    mood: Mood
    warnings: tuple[str, ...]
    """Reasons not to trust it."""
    warned: str = "Why not to trust it"
    """Heading of the warnings."""
    trusted: str
    """Text shown instead if there are no warnings."""
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]

    @property
    def figures(self) -> tuple[ReportFigure, ...]:
        """All charts in order."""
        return tuple(
            figure
            for section in self.sections
            for block in section.blocks
            for figure in _figures_of(block)
        )


def columns(
    *titles: str, numeric: tuple[str, ...] = (), long: tuple[str, ...] = ()
) -> tuple[Column, ...]:
    """Return columns with these titles, some numeric, some with long text."""
    return tuple(
        Column(
            title=title,
            kind="number" if title in numeric else "long" if title in long else "text",
        )
        for title in titles
    )


def _figures_of(block: Block) -> tuple[ReportFigure, ...]:
    match block:
        case ReportFigure():
            return (block,)
        case FoldedFigures(figures=figures):
            return figures
        case _:
            return ()

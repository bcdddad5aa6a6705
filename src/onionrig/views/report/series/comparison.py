"""The report of a comparison: what came of it, both sides, what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import counted
from onionrig.views.report.charts.comparison import MARKS, ratios_figure, repetitions_figure
from onionrig.views.report.document import Document, Fact, Prose, Section, Table, columns
from onionrig.views.report.files import Report, report
from onionrig.views.report.value_text import figure_of, number, rate, rates

if TYPE_CHECKING:
    from onionrig.records.comparison import Comparison, Ratio, Side
    from onionrig.views.report.document import Block, Cell

SAID_WITH_UNIT = {"bits per second", "seconds", "bytes", ""}
"""Units that the figures of one column have in different sizes; others stand beside the name."""
METHOD = """\
The ratio of a figure is B's over A's: the median of the pairs where both ran in turn (A B A B),
else of the medians. Its range goes from the lowest to the highest of the pairs, or of every B over
every A. A range that includes 1 shows no difference; one repetition of each has no range.

Alternating lets a drift of the machine meet both sides alike. Runs of different days, hosts or
versions are compared as they are: what differs is listed, and judging it is left to you.
"""


def comparison_report(comparison: Comparison) -> Report:
    """Make the report of a comparison."""
    return report(
        Document(
            title=f"onionrig: {comparison.a.title} and {comparison.b.title}",
            about=(
                f"A: {comparison.a.title}",
                f"B: {comparison.b.title}",
                "in turn, A B A B" if comparison.alternated else "not alternated",
            ),
            verdict=comparison.sentence,
            mood="doubted" if comparison.doubts else "plain",
            warnings=comparison.doubts,
            trusted="Nothing was found that speaks against either side.",
            facts=_facts(comparison),
            sections=(
                _ratios(comparison),
                _sides(comparison),
                _differences(comparison),
                Section(
                    name="method",
                    title="How this was compared",
                    finding="",
                    blocks=(Prose(paragraphs=tuple(METHOD.split("\n\n"))),),
                ),
            ),
        )
    )


def _facts(comparison: Comparison) -> tuple[Fact, ...]:
    sides = tuple(
        Fact(
            name=f"{side.name} sustained",
            value=rate(side.median_bits_per_second),
            note=_spread(side),
        )
        for side in (comparison.a, comparison.b)
    )
    if not comparison.ratios:
        return sides
    first = comparison.ratios[0]
    return (
        *sides,
        Fact(name="B over A", value=number(first.ratio), note=_range(first)),
        Fact(name="Verdict", value=_verdict(first), note=f"on the {first.what}"),
    )


def _ratios(comparison: Comparison) -> Section:
    chart = ratios_figure(comparison)
    table = Table(
        caption="Each figure of both sides",
        columns=columns(
            "figure", "A", "B", "B over A", "range", "verdict",
            numeric=("A", "B", "B over A", "range"),
        ),
        rows=tuple(_row(each) for each in comparison.ratios),
    )  # fmt: skip
    blocks: tuple[Block, ...] = (table,) if chart is None else (chart, table)
    return Section(
        name="ratios",
        title="B against A",
        finding="" if chart else "No figure was measured on both sides.",
        blocks=blocks,
    )


def _sides(comparison: Comparison) -> Section:
    chart = repetitions_figure(comparison)
    table = Table(
        caption="The runs of both sides, in order",
        columns=columns("side", "repetition", "run", "sustained", numeric=("sustained",)),
        rows=tuple(row for side in (comparison.a, comparison.b) for row in _runs(side)),
    )
    return Section(
        name="sides",
        title="Both sides",
        finding=f"A is {comparison.a.title}, B is {comparison.b.title}.",
        blocks=(table,) if chart is None else (chart, table),
    )


def _differences(comparison: Comparison) -> Section:
    differences = comparison.differences
    table = Table(
        caption="What differs, asked for or not",
        columns=columns("kind", "what", "A", "B", long=("A", "B")),
        rows=tuple((each.kind, each.what, each.a, each.b) for each in differences),
    )
    return Section(
        name="differences",
        title="What differs",
        finding=f"{counted(len(differences), 'difference')} beside the figures."
        if differences
        else "Nothing else differs.",
        blocks=(table,) if differences else (),
    )


def _row(each: Ratio) -> tuple[Cell, ...]:
    return (
        each.what if each.unit in SAID_WITH_UNIT else f"{each.what}, {each.unit}",
        *(
            figure_of(value, each.unit if each.unit in SAID_WITH_UNIT else "")
            for value in (each.a, each.b)
        ),
        number(each.ratio),
        _range(each),
        _verdict(each),
    )


def _runs(side: Side) -> list[tuple[Cell, ...]]:
    """Return a row per repetition; several of them may be holds of one run."""
    runs = side.runs if len(side.runs) == len(side.sustained_bits_per_second) else ()
    return [
        (
            side.name,
            str(index + 1),
            runs[index] if runs else ", ".join(side.runs),
            rate(sustained),
        )
        for index, sustained in enumerate(side.sustained_bits_per_second)
    ]


def _range(each: Ratio) -> str:
    if each.lowest is None or each.highest is None:
        return "no range"
    return f"{number(each.lowest)} to {number(each.highest)}"


def _verdict(each: Ratio) -> str:
    return MARKS[each.verdict][2] if each.verdict in MARKS else each.verdict


def _spread(side: Side) -> str:
    known = [each for each in side.sustained_bits_per_second if each is not None]
    if not known:
        return "nothing was measured"
    if len(known) == 1:
        return "one repetition"
    return f"median of {len(known)}: {rates(min(known), max(known))}"

"""Write the report of a comparison: the result, both sides, what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import counted
from onionrig.views.report.charts.comparison import MARKS, ratios_figure, repetitions_figure
from onionrig.views.report.document import Document, Fact, Prose, ReportTable, Section, columns
from onionrig.views.report.files import Report, report
from onionrig.views.report.value_text import figure_of, number, rate, rates

if TYPE_CHECKING:
    from onionrig.records.series.comparison import ComparedSide, Comparison, Ratio
    from onionrig.views.report.document import Block, Cell, Mood

SAID_WITH_UNIT = {"bits per second", "seconds", "bytes", ""}
"""Units printed with each value; other units stand beside the name of the figure."""
METHOD = """\
Both sides ran in turn (A B B A), each time on a network of its own. The ratio of a figure is the \
geometric mean of the pairs' ratios, B over A. Its interval is Student's t of the logarithms. All \
judged figures share one chance of 5 % (Bonferroni), so of comparisons of equals at most one in \
twenty shows a difference in any figure. An interval that includes 1 shows no difference. Fewer \
than six pairs show none, and neither do two single runs: several holds of one network count as \
one repetition.

A role that takes less than 5 % of all CPU time on both sides is reported but not judged. So is \
the authorities' cost where a hold does not cover whole vote intervals.

Alternating makes a drift of the machine affect both sides alike. Runs of different days, hosts or \
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
                "in turn, A B B A" if comparison.alternated else "not alternated",
            ),
            verdict=comparison.sentence,
            mood="doubted" if comparison.doubts else _mood(comparison),
            warnings=comparison.doubts,
            trusted="Every check that could be made passed on both sides.",
            facts=_facts(comparison),
            sections=(
                *_conditions(comparison),
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


def _mood(comparison: Comparison) -> Mood:
    outcomes = {condition.outcome for condition in comparison.conditions}
    if "fails" in outcomes:
        return "bad"
    return "good" if outcomes == {"passes"} else "plain"


def _conditions(comparison: Comparison) -> tuple[Section, ...]:
    """Return the section on the conditions under which it fails, if there are any."""
    if not comparison.conditions:
        return ()
    counts = {
        outcome: sum(condition.outcome == outcome for condition in comparison.conditions)
        for outcome in ("fails", "undecided", "passes")
    }
    table = ReportTable(
        caption="When the comparison was to fail, and whether it does",
        columns=columns("fail if", "outcome", "why", long=("why",)),
        rows=tuple(
            (condition.text, condition.outcome, condition.sentence)
            for condition in comparison.conditions
        ),
    )
    return (
        Section(
            name="conditions",
            title="Conditions to fail",
            finding=f"{', '.join(f'{count} {outcome}' for outcome, count in counts.items())}.",
            blocks=(table,),
        ),
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
    first_ratio = comparison.ratios[0]
    return (
        *sides,
        Fact(name="B over A", value=number(first_ratio.ratio), note=_interval(first_ratio)),
        Fact(name="Verdict", value=_verdict(first_ratio), note=f"on the {first_ratio.what}"),
    )


def _ratios(comparison: Comparison) -> Section:
    chart = ratios_figure(comparison)
    table = ReportTable(
        caption="Each figure of both sides",
        columns=columns(
            "figure", "A", "B", "B over A", "interval", "pairs", "verdict",
            numeric=("A", "B", "B over A", "interval", "pairs"),
        ),
        rows=tuple(_row(ratio) for ratio in comparison.ratios),
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
    table = ReportTable(
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
    table = ReportTable(
        caption="What differs, intended or not",
        columns=columns("kind", "what", "A", "B", long=("A", "B")),
        rows=tuple(
            (difference.kind, difference.what, difference.a, difference.b)
            for difference in differences
        ),
    )
    return Section(
        name="differences",
        title="What differs",
        finding=f"{counted(len(differences), 'difference')} besides the figures."
        if differences
        else "Nothing else differs.",
        blocks=(table,) if differences else (),
    )


def _row(ratio: Ratio) -> tuple[Cell, ...]:
    return (
        ratio.what if ratio.unit in SAID_WITH_UNIT else f"{ratio.what}, {ratio.unit}",
        *(
            figure_of(value, ratio.unit if ratio.unit in SAID_WITH_UNIT else "")
            for value in (ratio.a, ratio.b)
        ),
        number(ratio.ratio),
        _interval(ratio),
        _range(ratio),
        _verdict(ratio),
    )


def _runs(side: ComparedSide) -> list[tuple[Cell, ...]]:
    """Return a row per repetition; several may be holds of one run."""
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


def _range(ratio: Ratio) -> str:
    if ratio.lowest is None or ratio.highest is None:
        return "no range"
    return f"{number(ratio.lowest)} to {number(ratio.highest)}"


def _interval(ratio: Ratio) -> str:
    if ratio.interval is None:
        return "no interval"
    low, high = ratio.interval
    return f"{number(low)} to {number(high)}"


def _verdict(ratio: Ratio) -> str:
    verdict = MARKS[ratio.verdict][2] if ratio.verdict in MARKS else ratio.verdict
    return f"{verdict}: {ratio.reason}" if ratio.reason else verdict


def _spread(side: ComparedSide) -> str:
    known_rates = [rate for rate in side.sustained_bits_per_second if rate is not None]
    if not known_rates:
        return "nothing was measured"
    if len(known_rates) == 1:
        return "one repetition"
    return f"median of {len(known_rates)}: {rates(min(known_rates), max(known_rates))}"

"""Show a comparison, in a terminal and as Markdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from onionrig.analysis.several_runs.beforehand import (
    COST_OF_NETWORKS,
    RATE_OF_NETWORKS,
    least_shown,
)
from onionrig.analysis.several_runs.judging import FEWEST_PAIRS
from onionrig.rig.torrc import VOTING_INTERVAL_SECONDS
from onionrig.units import counted, rate_text, rough_duration_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from onionrig.records.series.comparison import ComparedSide, Comparison, JudgedCondition, Ratio

VERDICTS = {
    "higher": "B is higher",
    "lower": "B is lower",
    "no difference shown": "no difference shown",
    "not judged": "not judged",
    "not repeated": "not repeated",
    "not measured": "not measured",
}
INTERVALS = (
    "interval: contains the true ratio, with 95 % confidence for all judged figures together"
)
PAIRS = "pairs: the lowest and the highest ratio"
DIFFERENT_TIMES = (
    "A and B ran at different times: what changed on the machine in between is part of every "
    "difference, except that figures on the reference core leave out the speed of its cores"
)
DIFFERENCES = ("what differs", "A", "B")
_WITHOUT_SECONDS = len("2026-01-01T00:00")


def comparison_ahead(
    pairs: int, *, seconds: float, networks: bool, holds_seconds: Sequence[float]
) -> str:
    """Return how long a comparison will take, and what it can and cannot show."""
    place = f"on {2 * pairs} networks" if networks else f"on {2 * pairs} rigs"
    start = f"{counted(pairs, 'pair')} {place}, about {rough_duration_text(seconds)}"
    if pairs < FEWEST_PAIRS:
        return (
            f"{start}; fewer than {FEWEST_PAIRS} pairs cannot show a difference, however large: "
            f"ratios will be printed without a verdict (use --repeat {FEWEST_PAIRS} or more)"
        )
    if not networks:
        return start
    cost, rate = (
        math.ceil(100 * least_shown(spread, pairs=pairs))
        for spread in (COST_OF_NETWORKS, RATE_OF_NETWORKS)
    )
    return (
        f"{start}; with the usual spread between networks (rate {100 * RATE_OF_NETWORKS:.0f} %, "
        f"cost {100 * COST_OF_NETWORKS:.0f} %) this finds a difference of {cost} % in cost and "
        f"{rate} % in rate in nine out of ten comparisons, and smaller ones less often"
        + _authorities_clause(holds_seconds)
    )


def _authorities_clause(holds_seconds: Sequence[float]) -> str:
    if all(seconds % VOTING_INTERVAL_SECONDS == 0 for seconds in holds_seconds):
        return ""
    return (
        "; the authorities' cost will not be judged, since a hold does not cover whole vote "
        f"intervals of {VOTING_INTERVAL_SECONDS} s"
    )


def comparison_summary(comparison: Comparison) -> RenderableType:
    """Draw a comparison: the sentence, the figures, what differs, the doubts."""
    parts: list[RenderableType] = [
        Text(comparison.sentence, style="bold"),
        Text(),
        *(Text(_side(side), style="dim") for side in (comparison.a, comparison.b)),
        Text(),
        _table(_headings(comparison), _figures(comparison), right=(1, 2, 3, 4, 5)),
        Text(),
    ]
    notes = _notes(comparison)
    parts += [*(Text(note, style="dim") for note in notes), *([Text()] if notes else [])]
    if comparison.conditions:
        styles = {"fails": "bold red", "passes": "green", "undecided": "yellow"}
        parts += [
            *(
                Text(f"fail if {condition_text(condition)}", style=styles[condition.outcome])
                for condition in comparison.conditions
            ),
            Text(),
        ]
    rows = _differences(comparison)
    parts.append(_table(DIFFERENCES, rows) if rows else Text("nothing else differs"))
    parts += [Text(doubt, style="yellow") for doubt in comparison.doubts]
    return Group(*parts)


def comparison_markdown(comparison: Comparison) -> str:
    """Write a comparison as Markdown."""
    lines = [f"**{comparison.sentence}**", ""]
    lines += [f"- {_side(side)}" for side in (comparison.a, comparison.b)]
    lines += ["", *_markdown_table(_headings(comparison), _figures(comparison)), ""]
    for note in _notes(comparison):
        lines += [note, ""]
    if comparison.conditions:
        conditions = (condition_text(condition) for condition in comparison.conditions)
        lines += [*(f"- Fail if {text}" for text in conditions), ""]
    rows = _differences(comparison)
    lines += _markdown_table(DIFFERENCES, rows) if rows else ["Nothing else differs."]
    if comparison.doubts:
        lines += ["", "Doubts:", "", *(f"- {doubt}" for doubt in comparison.doubts)]
    return "\n".join(lines)


def condition_text(condition: JudgedCondition) -> str:
    """Return a condition under which a comparison fails, with its outcome."""
    return f"{condition.text}: {condition.sentence}"


def _side(side: ComparedSide) -> str:
    rates = ", ".join(
        "-" if rate is None else rate_text(rate) for rate in side.sustained_bits_per_second
    )
    several = len(side.sustained_bits_per_second)
    times = f"; {_times(side)}" if several > 1 and side.started else ""
    return f"{side.name}: {side.title}{times}; sustained {rates}"


def _times(side: ComparedSide) -> str:
    """Return how many repetitions a side has, and when the first and the last of them began."""
    first, last = (
        moment[:_WITHOUT_SECONDS].replace("T", " ")
        for moment in (side.started[0], side.started[-1])
    )
    last = last.removeprefix(first[: first.index(" ") + 1]) if " " in first else last
    count = counted(len(side.sustained_bits_per_second), side.repeated)
    return f"{count}, begun from {first} to {last} UTC"


def _headings(comparison: Comparison) -> tuple[str, ...]:
    count = "repetitions" if comparison.has_series else "pairs"
    return ("figure", "A", "B", "B over A", "interval", count, "verdict")


def _figures(comparison: Comparison) -> list[tuple[str, ...]]:
    return [
        (
            _name_with_unit(ratio),
            _figure(ratio, ratio.a),
            _figure(ratio, ratio.b),
            "-" if ratio.ratio is None else f"{ratio.ratio:.2f}",
            "-" if ratio.interval is None else _range(*ratio.interval),
            _range(ratio.lowest, ratio.highest)
            if not comparison.has_series or ratio.repetitions is None
            else " and ".join(map(str, ratio.repetitions)),
            VERDICTS[ratio.verdict],
        )
        for ratio in comparison.ratios
    ]


def _range(lowest: float | None, highest: float | None) -> str:
    return "-" if lowest is None or highest is None else f"{lowest:.2f} to {highest:.2f}"


def _notes(comparison: Comparison) -> list[str]:
    """Return the meaning of the columns, and each reason why figures are not judged."""
    notes = []
    if any(ratio.interval for ratio in comparison.ratios):
        notes.append(INTERVALS if comparison.has_series else f"{INTERVALS}; {PAIRS}")
    if comparison.has_series:
        notes.append(DIFFERENT_TIMES)
    reasons: dict[tuple[str, str], list[str]] = {}
    for ratio in comparison.ratios:
        if ratio.reason:
            reasons.setdefault((ratio.verdict, ratio.reason), []).append(ratio.what)
    return notes + [
        f"{verdict}, since {reason}: {'; '.join(figures)}"
        for (verdict, reason), figures in reasons.items()
    ]


def _name_with_unit(ratio: Ratio) -> str:
    """Return the name of a figure with its unit, unless its values include it."""
    return f"{ratio.what}, {ratio.unit}" if ratio.unit == "seconds" else ratio.what


def _figure(ratio: Ratio, value: float | None) -> str:
    if value is None:
        return "-"
    return rate_text(value) if ratio.unit == "bits per second" else f"{value:.3f}"


def _differences(comparison: Comparison) -> list[tuple[str, ...]]:
    return [
        (f"{difference.kind}: {difference.what}", difference.a, difference.b)
        for difference in comparison.differences
    ]


def _table(
    headings: tuple[str, ...], rows: list[tuple[str, ...]], *, right: tuple[int, ...] = ()
) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _markdown_table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return [
        f"| {' | '.join(headings)} |",
        f"|{'---|' * len(headings)}",
        *(f"| {' | '.join(map(_escaped, row))} |" for row in rows),
    ]


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")

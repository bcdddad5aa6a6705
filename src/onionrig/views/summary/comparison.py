"""A comparison, for a terminal and as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from onionrig.units import rate_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from onionrig.records.comparison import Comparison, Ratio, Side

VERDICTS = {
    "higher": "B is higher",
    "lower": "B is lower",
    "no difference shown": "no difference shown",
    "not judged": "not judged",
    "not repeated": "not repeated",
    "not measured": "not measured",
}
FIGURES = ("figure", "A", "B", "B over A", "interval", "pairs", "verdict")
INTERVALS = (
    "interval: where the true ratio lies, with 95 % for all judged figures at once; pairs: the "
    "lowest and the highest ratio"
)
DIFFERENCES = ("what differs", "A", "B")


def comparison_summary(comparison: Comparison) -> RenderableType:
    """Draw a comparison: the sentence, the figures, what differs, the doubts."""
    parts: list[RenderableType] = [
        Text(comparison.sentence, style="bold"),
        Text(),
        *(Text(_side(side), style="dim") for side in (comparison.a, comparison.b)),
        Text(),
        _table(FIGURES, _figures(comparison), right=(1, 2, 3, 4, 5)),
        Text(),
    ]
    if any(ratio.interval for ratio in comparison.ratios):
        parts += [Text(INTERVALS, style="dim"), Text()]
    rows = _differences(comparison)
    parts.append(_table(DIFFERENCES, rows) if rows else Text("nothing else differs"))
    parts += [Text(doubt, style="yellow") for doubt in comparison.doubts]
    return Group(*parts)


def comparison_markdown(comparison: Comparison) -> str:
    """Write a comparison as Markdown."""
    lines = [f"**{comparison.sentence}**", ""]
    lines += [f"- {_side(side)}" for side in (comparison.a, comparison.b)]
    lines += ["", *_markdown_table(FIGURES, _figures(comparison)), ""]
    if any(ratio.interval for ratio in comparison.ratios):
        lines += [INTERVALS, ""]
    rows = _differences(comparison)
    lines += _markdown_table(DIFFERENCES, rows) if rows else ["Nothing else differs."]
    if comparison.doubts:
        lines += ["", "Doubts:", "", *(f"- {doubt}" for doubt in comparison.doubts)]
    return "\n".join(lines)


def _side(side: Side) -> str:
    rates = ", ".join(
        "-" if rate is None else rate_text(rate) for rate in side.sustained_bits_per_second
    )
    return f"{side.name}: {side.title}; sustained {rates}"


def _figures(comparison: Comparison) -> list[tuple[str, ...]]:
    return [
        (
            _named(ratio),
            _figure(ratio, ratio.a),
            _figure(ratio, ratio.b),
            "-" if ratio.ratio is None else f"{ratio.ratio:.2f}",
            "-" if ratio.interval is None else _range(*ratio.interval),
            _range(ratio.lowest, ratio.highest),
            _verdict(ratio),
        )
        for ratio in comparison.ratios
    ]


def _range(lowest: float | None, highest: float | None) -> str:
    return "-" if lowest is None or highest is None else f"{lowest:.2f} to {highest:.2f}"


def _verdict(ratio: Ratio) -> str:
    verdict = VERDICTS[ratio.verdict]
    return f"{verdict}: {ratio.reason}" if ratio.reason else verdict


def _named(ratio: Ratio) -> str:
    """Name a figure with its unit, unless its values say it themselves."""
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

"""Show the dials before the load, in lines of the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from onionrig.units import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from onionrig.records.streams.dials import ByChance, Dials, FirstByte, VariantDials

NAMED = 6
"""Most backend instances that are named."""
COLUMNS = ("variant", "backends", "dials", "Jain", "by chance", "smallest", "by chance")
"""Columns of the table by variant, which fits 80 columns; smallest is over the mean."""


def dials_lines(dials: Dials) -> list[RenderableType]:
    """Return how many failed and why, how fast the others were, and how even they were."""
    lines: list[RenderableType] = [Text(_dials_sentence(dials))]
    lines += [
        Text(f"  {counted(count, 'time')} {reason}", style="yellow")
        for reason, count in dials.failed_by_reason.items()
    ]
    if dials.variants:
        lines.append(_table(dials))
    if dials.between is not None and dials.between.jain is not None:
        by_chance = chance_text(dials.between.jain_by_chance, index_text)
        text = f"between variants: Jain's index {index_text(dials.between.jain)} of their means"
        lines.append(Text(f"{text}; by chance {by_chance}"))
    if dials.unreached:
        lines.append(Text(f"no dial reached {named(dials.unreached)}", style="yellow"))
    return lines


def evenness(variant: VariantDials) -> tuple[str, str, str, str]:
    """Return Jain's index and the smallest over the mean, each with its expectation by chance."""
    return (
        _optional_text(variant.jain, index_text),
        chance_text(variant.jain_by_chance, index_text),
        _optional_text(variant.smallest_over_mean, ratio_text),
        chance_text(variant.smallest_over_mean_by_chance, ratio_text),
    )


def backends_text(variant: VariantDials) -> str:
    """Return the number of backends of a variant, if known."""
    return str(len(variant.backends)) if variant.clients else "-"


def chance_text(chance: ByChance | None, text: Callable[[float], str]) -> str:
    """Return what chance would give: expected value and central 90 % interval."""
    if chance is None:
        return "-"
    return f"{text(chance.expected)} ({text(chance.low)}-{text(chance.high)})"


def index_text(index: float) -> str:
    """Return Jain's index; the effect of chance often begins at the third digit."""
    return f"{index:.3f}"


def ratio_text(ratio: float) -> str:
    """Return a share over the mean share."""
    return f"{ratio:.2f}"


def named(backends: tuple[str, ...]) -> str:
    """Return some names, and how many more there are."""
    more = f" and {len(backends) - NAMED} more" if len(backends) > NAMED else ""
    return f"{', '.join(backends[:NAMED])}{more}"


def _dials_sentence(dials: Dials) -> str:
    unfinished = f", {dials.unfinished} cut off at the end" if dials.unfinished else ""
    sentence = f"dials: {dials.dials} before the load, {dials.failed} failed{unfinished}"
    return sentence if dials.first_byte is None else f"{sentence}; {_waits(dials.first_byte)}"


def _waits(first_byte: FirstByte) -> str:
    return (
        f"first byte after {first_byte.median_seconds:.2f} s (median), "
        f"{first_byte.nine_of_ten_seconds:.2f} s (90 %), {first_byte.highest_seconds:.2f} s (last)"
    )


def _table(dials: Dials) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in COLUMNS:
        table.add_column(heading, justify="right")
    for variant in dials.variants:
        row = (str(variant.variant), backends_text(variant), str(variant.dials))
        table.add_row(*row, *evenness(variant))
    other_dials = sum(variant.others for variant in dials.variants)
    if other_dials:
        table.caption = (
            f"{other_dials} dials were served by instances that were not in the descriptor"
        )
        table.caption_justify = "left"
    return table


def _optional_text(value: float | None, text: Callable[[float], str]) -> str:
    return "-" if value is None else text(value)

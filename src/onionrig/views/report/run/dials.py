"""What the dials before the load came to, and on whom they fell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import counted
from onionrig.views.report.charts.dials import dials_figure
from onionrig.views.report.document import UNKNOWN, Prose, Section, Table, columns
from onionrig.views.report.missing import wait
from onionrig.views.summary.dials import backends_text, chance_text, evenness, index_text, named

if TYPE_CHECKING:
    from onionrig.records.dials import Dials
    from onionrig.records.result import Result
    from onionrig.views.report.document import Block


def dials(result: Result) -> Section | None:
    """Return the section; None where no dials were asked for."""
    found = result.dials
    if found is None:
        return None
    blocks: list[Block] = [dials_figure(found)]
    if found.variants:
        blocks.append(_table(found))
    told = _told(found)
    if told:
        blocks.append(Prose(paragraphs=told, listed=True))
    return Section(
        name="dials", title="Dials before the load", finding=_finding(found), blocks=tuple(blocks)
    )


def _finding(found: Dials) -> str:
    said = f"{counted(found.dials, 'dial')}, {found.failed} failed."
    first = found.first_byte
    if first is None:
        return said
    return (
        f"{said} Half of those served had their first byte after {wait(first.median_seconds)}, "
        f"nine of ten after {wait(first.nine_of_ten_seconds)}, the last after "
        f"{wait(first.highest_seconds)}."
    )


def _table(found: Dials) -> Table:
    numeric = (
        "clients", "backends", "dials", "Jain's index", "by chance", "smallest over mean",
    )  # fmt: skip
    return Table(
        caption="How evenly the dials fell on the backend instances of each descriptor, and what "
        "chance alone would give: expected, and between what nine of ten lie",
        columns=columns("variant", *numeric, "by chance", "not reached", numeric=numeric),
        rows=tuple(
            (
                str(variant.variant),
                str(len(variant.clients)),
                backends_text(variant),
                str(variant.dials),
                *evenness(variant),
                named(variant.unreached) or UNKNOWN,
            )
            for variant in found.variants
        ),
    )


def _told(found: Dials) -> tuple[str, ...]:
    told: list[str] = [
        f"{times} failed: {reason}" for reason, times in found.failed_by_reason.items()
    ]
    if found.unfinished:
        told.append(f"{found.unfinished} were cut off at the end")
    if found.unreached:
        told.append(f"No dial reached {named(found.unreached)}")
    between = found.between
    if between is not None and between.jain is not None:
        told.append(
            f"Between variants: Jain's index {index_text(between.jain)} of their mean dials a "
            f"backend; if client tors drew a descriptor at random, "
            f"{chance_text(between.jain_by_chance, index_text)}"
        )
    others = sum(variant.others for variant in found.variants)
    if others:
        told.append(f"{others} were served by instances that the descriptor had not had")
    return tuple(told)

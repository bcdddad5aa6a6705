"""Write the section on the dials before the load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import counted
from onionrig.views.report.charts.dials import dials_figure
from onionrig.views.report.document import UNKNOWN, Prose, ReportTable, Section, columns
from onionrig.views.report.value_text import wait
from onionrig.views.summary.dials import backends_text, chance_text, evenness, index_text, named

if TYPE_CHECKING:
    from onionrig.records.result import Result
    from onionrig.records.streams.dials import Dials
    from onionrig.views.report.document import Block


def dials(result: Result) -> Section | None:
    """Return the section, or None if no dials were asked for."""
    dials = result.dials
    if dials is None:
        return None
    blocks: list[Block] = [dials_figure(dials)]
    if dials.variants:
        blocks.append(_table(dials))
    remarks = _remarks(dials)
    if remarks:
        blocks.append(Prose(paragraphs=remarks, listed=True))
    return Section(
        name="dials",
        title="Dials before the load",
        finding=_finding(dials),
        blocks=tuple(blocks),
    )


def _finding(dials: Dials) -> str:
    sentence = f"{counted(dials.dials, 'dial')}, {dials.failed} failed."
    first = dials.first_byte
    if first is None:
        return sentence
    return (
        f"{sentence} Half of those served had their first byte within "
        f"{wait(first.median_seconds)}, 90 % within {wait(first.nine_of_ten_seconds)}, the last "
        "after "
        f"{wait(first.highest_seconds)}."
    )


def _table(dials: Dials) -> ReportTable:
    numeric = (
        "clients", "backends", "dials", "Jain's index", "by chance", "smallest over mean",
    )  # fmt: skip
    return ReportTable(
        caption="How evenly the dials fell on the backend instances of each descriptor, and what "
        "chance alone would give: expected value and central 90 % interval",
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
            for variant in dials.variants
        ),
    )


def _remarks(dials: Dials) -> tuple[str, ...]:
    remarks: list[str] = [
        f"{times} failed: {reason}" for reason, times in dials.failed_by_reason.items()
    ]
    if dials.unfinished:
        remarks.append(f"{dials.unfinished} were cut off at the end")
    if dials.unreached:
        remarks.append(f"No dial reached {named(dials.unreached)}")
    between = dials.between
    if between is not None and between.jain is not None:
        remarks.append(
            f"Between variants: Jain's index {index_text(between.jain)} of their mean dials per "
            "backend; if client tors drew a descriptor at random, "
            f"{chance_text(between.jain_by_chance, index_text)}"
        )
    other_dials = sum(variant.others for variant in dials.variants)
    if other_dials:
        remarks.append(f"{other_dials} were served by instances that were not in the descriptor")
    return tuple(remarks)

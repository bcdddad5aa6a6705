"""Write what a plan rests on: limits, assumptions, the origin of every figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.views.plan.inputs import inputs_by_origin
from onionrig.views.plan.ranges import range_text
from onionrig.views.plan.words import limit_name, standing_of
from onionrig.views.report.document import Prose, ReportTable, Section, columns

if TYPE_CHECKING:
    from onionrig.records.plan import HardwarePlan, Plan
    from onionrig.views.plan.inputs import Group
    from onionrig.views.report.document import Block

RANGES = """\
Each figure is a range, and so is every result: its likely value follows from the likely figures,
its ends from all figures at their worse and at their better ends together. So a range is wide
rather than wrong.
"""


def limits(plan: Plan) -> Section | None:
    """Return the section of limits, with what each alone would allow."""
    tables = tuple(
        _limits(hardware, named=len(plan.hardware) > 1)
        for hardware in plan.hardware
        if hardware.constraints
    )
    if not tables:
        return None
    return Section(
        name="limits",
        title="What limits it",
        finding="What each limit alone would allow: the lowest is the bottleneck, and the next one "
        "would be it if the lowest were lifted.",
        blocks=tables,
    )


def assumed(plan: Plan) -> Section | None:
    """Return the section of assumptions."""
    if not plan.assumptions:
        return None
    return Section(
        name="assumptions",
        title="Assumptions",
        finding="The plan holds only if all of these do.",
        blocks=(Prose(paragraphs=plan.assumptions, listed=True),),
    )


def inputs(plan: Plan) -> Section:
    """Return the section of inputs: every figure with its origin and how to replace it."""
    return Section(
        name="inputs",
        title="What it is computed from",
        finding=f"{_capital(plan.measurement.removesuffix('.'))}.",
        blocks=(
            Prose(paragraphs=(" ".join(RANGES.split()),)),
            *(block for group in inputs_by_origin(plan) for block in _group(group)),
        ),
    )


def _limits(hardware: HardwarePlan, *, named: bool) -> ReportTable:
    return ReportTable(
        caption=hardware.name if named else "What each limit alone would allow",
        columns=columns("limit", "order", "allows", "because", long=("because",)),
        rows=tuple(
            (
                limit_name(constraint.kind),
                standing_of(constraint, hardware),
                range_text(constraint.goodput_bits_per_second, "bit/s"),
                constraint.sentence,
            )
            for constraint in hardware.constraints
        ),
    )


def _group(group: Group) -> list[Block]:
    """Return the table of one origin, and how its figures can be replaced."""
    table = ReportTable(
        caption=_capital(group.title),
        columns=columns("figure", "value", "from", long=("value", "from")),
        rows=tuple(
            (figure.name, range_text(figure.value, figure.unit), figure.source)
            for figure in group.inputs
        ),
    )
    replacements = tuple(map(_capital, group.replacements))
    return [table, Prose(paragraphs=replacements, listed=True)] if replacements else [table]


def _capital(sentence: str) -> str:
    return f"{sentence[:1].upper()}{sentence[1:]}"

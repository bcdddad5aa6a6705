"""Show a plan in a terminal: the answer, what it needs, what limits it, its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from onionrig.units import counted
from onionrig.views.plan.bill import DAEMONS, HOSTS, bill_lines, side_by_side
from onionrig.views.plan.inputs import inputs_by_origin
from onionrig.views.plan.ranges import range_text
from onionrig.views.plan.words import (
    BOTTLENECK,
    answer,
    constraint_text,
    doubts,
    hardware_sentence,
    limit_name,
    question,
    run_doubts_text,
    standing_of,
    stock_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from onionrig.records.plan import HardwarePlan, Plan


BRIEF_ROWS = (HOSTS, "would serve", "bottleneck", "next bottleneck", DAEMONS, "power", "price")
"""Rows that answer the question; the whole bill is behind --verbose."""


def brief_plan_view(plan: Plan) -> RenderableType:
    """Draw the answer of a plan in about ten lines, and point to the rest."""
    unable = [hardware for hardware in plan.hardware if not hardware.possible]
    parts: list[RenderableType] = [Text(answer(plan), style=f"bold {_colour(plan)}")]
    if len(unable) < len(plan.hardware):
        parts.append(_side_by_side(plan, BRIEF_ROWS))
    if len(plan.hardware) > 1:
        parts += [Text(hardware_sentence(hardware), style="red") for hardware in unable]
    parts += [Text(stock_text(plan, number)) for number in range(len(plan.stock_answers))]
    inputs = counted(sum(len(group.inputs) for group in inputs_by_origin(plan)), "input")
    if plan.run_doubts:
        parts.append(Text(run_doubts_text(plan.run_doubts), style="yellow"))
    parts.append(
        Text(
            f"computed for the {plan.balancer} balancer from {plan.measurement}; --verbose shows "
            f"{inputs} with their sources, every limit, and the assumptions",
            style="dim",
        )
    )
    return Group(*parts)


def plan_view(plan: Plan) -> RenderableType:
    """Draw a plan; several kinds of hardware side by side, then each in detail."""
    parts: list[RenderableType] = [Text(question(plan), style="dim")]
    single = len(plan.hardware) == 1
    parts += [Text(answer(plan), style=f"bold {_colour(plan)}"), Text()]
    parts += _single(plan, plan.hardware[0]) if single else _parts_for_several_kinds(plan)
    parts += [Text(stock_text(plan, number)) for number in range(len(plan.stock_answers))]
    parts += [Text(doubt, style="yellow") for doubt in doubts(plan)]
    return Group(*parts, Text(), *_inputs(plan), *_assumptions(plan))


def _colour(plan: Plan) -> str:
    able = [kind.possible for kind in plan.hardware]
    return "green" if all(able) else "yellow" if any(able) else "red"


def _single(plan: Plan, hardware: HardwarePlan) -> list[RenderableType]:
    parts: list[RenderableType] = []
    if hardware.bill is not None:
        table = _plain_table()
        for name, value, explanation in bill_lines(plan, hardware, hardware.bill):
            table.add_row(name, Text(value), Text(explanation))
        parts += [table, Text()]
    if hardware.constraints:
        parts += [_constraints(hardware), Text()]
    return parts


def _parts_for_several_kinds(plan: Plan) -> list[RenderableType]:
    parts: list[RenderableType] = [_side_by_side(plan), Text()]
    for kind in plan.hardware:
        parts += [Text(hardware_sentence(kind), style="" if kind.possible else "red")]
        parts += [
            Text(f"  {standing_of(limit, kind)}: {constraint_text(limit)}: {limit.sentence}")
            for limit in (kind.binding, kind.next_binding)
            if limit is not None
        ]
    return [*parts, Text()]


def _side_by_side(plan: Plan, rows: Sequence[str] | None = None) -> Table:
    """Draw a column for each kind of hardware, with all rows or the given ones."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", *(hardware.name for hardware in plan.hardware)):
        table.add_column(Text(heading), overflow="fold")
    for name, *cells in side_by_side(plan):
        if rows is None or name in rows:
            table.add_row(Text(name, style="dim"), *map(Text, cells))
    return table


def _constraints(hardware: HardwarePlan) -> Table:
    """Draw what each limit alone would allow."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("", "limit", "would allow alone", "because"):
        table.add_column(heading, overflow="fold")
    for constraint in hardware.constraints:
        standing = standing_of(constraint, hardware)
        table.add_row(
            standing,
            limit_name(constraint.kind),
            range_text(constraint.goodput_bits_per_second, "bit/s"),
            Text(constraint.sentence),
            style="bold" if standing == BOTTLENECK else "",
        )
    return table


def _inputs(plan: Plan) -> Iterable[RenderableType]:
    yield Text(f"computed from {plan.measurement}", style="bold")
    for group in inputs_by_origin(plan):
        yield Text(group.title, style="yellow" if group.origin == "estimated" else "dim")
        for source, figures in group.by_source.items():
            yield Text(f"  {source}:", style="dim")
            table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1, 0, 0))
            table.add_column(width=3)
            table.add_column(overflow="fold")
            table.add_column(overflow="fold")
            for figure in figures:
                table.add_row("", Text(figure.name), Text(range_text(figure.value, figure.unit)))
            yield table
        yield from (Text(f"  {replacement}") for replacement in group.replacements)
    yield Text()


def _assumptions(plan: Plan) -> list[RenderableType]:
    if not plan.assumptions:
        return []
    return [
        Text("assumptions", style="bold"),
        *(Text(f"- {assumption}") for assumption in plan.assumptions),
    ]


def _plain_table() -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_column(style="dim", overflow="fold")
    return table

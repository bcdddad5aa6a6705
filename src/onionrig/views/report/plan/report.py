"""Make the page of a plan to hand to whoever pays: it prints, without script or network."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from onionrig.units import counted
from onionrig.views.plan.bill import bill_lines, side_by_side
from onionrig.views.plan.ranges import range_text
from onionrig.views.plan.words import (
    answer,
    doubts,
    hardware_sentence,
    planned,
    question,
    rig_text,
)
from onionrig.views.report.charts.plan import curve_figure
from onionrig.views.report.document import (
    Document,
    Folded,
    Prose,
    ReportTable,
    Section,
    Still,
    columns,
)
from onionrig.views.report.drawings.planned_hosts import planned_rig
from onionrig.views.report.page import page
from onionrig.views.report.plan.basis import assumed, inputs, limits
from onionrig.views.report.plan.facts import plan_facts
from onionrig.views.report.value_text import moment

if TYPE_CHECKING:
    from onionrig.records.plan import Bill, HardwarePlan, Plan
    from onionrig.views.report.document import Block, Mood


def plan_page(plan: Plan) -> str:
    """Make the page of a plan."""
    sections = (
        _curve(plan),
        _side_by_side(plan),
        *(_rig(plan, *pair, number) for number, pair in enumerate(planned(plan), start=1)),
        limits(plan),
        assumed(plan),
        inputs(plan),
        _reproduction(plan),
    )
    return page(
        Document(
            title=f"onionrig: {question(plan)}",
            about=(
                question(plan),
                f"{plan.mode}, {plan.balancer} Onionbalance",
                f"planned {moment(plan.made)}",
                f"onionrig {plan.onionrig}",
            ),
            verdict=answer(plan),
            mood=_mood(plan),
            warnings=doubts(plan),
            warned="Before relying on it",
            trusted="",
            facts=plan_facts(plan),
            sections=tuple(section for section in sections if section is not None),
        )
    )


def _mood(plan: Plan) -> Mood:
    able = [hardware.possible for hardware in plan.hardware]
    if not any(able):
        return "bad"
    return "plain" if plan.target_bits_per_second is None or not all(able) else "good"


def _side_by_side(plan: Plan) -> Section | None:
    if len(plan.hardware) == 1:
        return None
    names = [hardware.name for hardware in plan.hardware]
    table = ReportTable(
        caption="What each kind of hardware takes",
        columns=columns("", *names),
        rows=side_by_side(plan),
    )
    return Section(
        name="side-by-side",
        title="Side by side",
        finding="",
        blocks=(table, Prose(paragraphs=tuple(map(hardware_sentence, plan.hardware)), listed=True)),
    )


def _curve(plan: Plan) -> Section | None:
    curve = curve_figure(plan)
    if curve is None:
        return None
    return Section(
        name="curve",
        title="Goodput by number of hosts",
        finding="The planned number is ringed. The band spans the lowest to the highest goodput "
        "that the inputs allow.",
        blocks=(Still(figure=curve),),
    )


def _rig(plan: Plan, hardware: HardwarePlan, bill: Bill, number: int) -> Section:
    projected = hardware.projected_bits_per_second
    serve = "" if projected is None else f" {range_text(projected, 'bit/s')} sustained."
    blocks: tuple[Block, ...] = (
        planned_rig(plan, hardware, bill),
        ReportTable(
            caption="What the plan needs",
            columns=columns("", "planned", "details", long=("planned", "details")),
            rows=bill_lines(plan, hardware, bill),
        ),
    )
    return Section(
        name=f"rig-{number}",
        title=rig_text(bill, hardware),
        finding=f"The rig: {counted(bill.instances, 'tor daemon')} behind one onion address."
        f"{serve}",
        blocks=blocks,
    )


def _reproduction(plan: Plan) -> Section | None:
    if not plan.command:
        return None
    return Section(
        name="again",
        title="How to repeat it",
        finding="",
        blocks=(Folded(title="Command", text=shlex.join(plan.command), opened=True),),
    )

"""Draw the chart of a plan: goodput by number of hosts, with its band and the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from onionrig.units import counted, rate_text
from onionrig.views.report.charts.plan_target import target_keys, target_lines, wanted_rate
from onionrig.views.report.charts.scales import UnitScale, rate_scale
from onionrig.views.report.colours import INK, SERIES, series_colour
from onionrig.views.report.figure import DASHES, SHAPES, Key, ReportFigure, figure, outlined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.plan import HardwarePlan, Plan, Projection

BEYOND = 2.0
"""Factor of the target with headroom above which the curve shows nothing more."""
MOST_TICKS = 15
ROOM_FOR_NAME = 0.25
"""Share of the drawn hosts below which a name stands right of its ring."""


def curve_figure(plan: Plan) -> ReportFigure | None:
    """Draw each kind of hardware's goodput by hosts, or return None if there is nothing to draw."""
    candidates = [(hardware, _points_worth_drawing(plan, hardware)) for hardware in plan.hardware]
    curves = [(hardware, curve) for hardware, curve in candidates if curve]
    if not curves:
        return None
    highest = max(point.goodput_bits_per_second.highest for _, curve in curves for point in curve)
    scale = rate_scale(max(highest, wanted_rate(plan) or 0.0))
    last = max(point.hosts for _, curve in curves for point in curve)
    keys = [_key(index, hardware) for index, (hardware, _) in enumerate(curves)]
    layers = [
        *_curves(curves, keys, scale, last),
        *target_lines(plan, scale, last),
        *_planned(curves, scale, last),
    ]
    return figure(
        alt.LayerChart(layer=layers),
        name="goodput-by-hosts",
        title="Sustained goodput by number of hosts: likely, and from lowest to highest",
        description=_description(plan, curves),
        height=320,
        keys=(*(keys if len(keys) > 1 else ()), *target_keys(plan)),
    )


def _points_worth_drawing(plan: Plan, hardware: HardwarePlan) -> Sequence[Projection]:
    """Return the points worth drawing: none far above the target, one host beyond the plan."""
    target = wanted_rate(plan)
    if target is None:
        return hardware.curve
    planned = hardware.bill.hosts if hardware.bill is not None else 1
    enough_hosts = next(
        (
            point.hosts
            for point in hardware.curve
            if point.goodput_bits_per_second.likely >= BEYOND * target
        ),
        None,
    )
    if enough_hosts is None:
        return hardware.curve
    last = max(enough_hosts, planned + 1)
    return [point for point in hardware.curve if point.hosts <= last]


def _key(index: int, hardware: HardwarePlan) -> Key:
    return Key(
        name=hardware.name,
        colour=series_colour(index),
        dash=DASHES[index // SERIES % len(DASHES)],
        shape=SHAPES[index % len(SHAPES)],
    )


def _curves(
    curves: Sequence[tuple[HardwarePlan, Sequence[Projection]]],
    keys: Sequence[Key],
    scale: UnitScale,
    last: int,
) -> list[alt.Chart]:
    names = [key.name for key in keys]
    rows = [_row(hardware, point, scale) for hardware, curve in curves for point in curve]
    legend = alt.Legend(title=None)
    colour = alt.Color(
        "hardware:N",
        scale=alt.Scale(domain=names, range=[key.colour for key in keys]),
        legend=legend,
    )
    shape = alt.Shape(
        "hardware:N",
        scale=alt.Scale(domain=names, range=[key.shape or "circle" for key in keys]),
        legend=legend,
    )
    hosts = alt.X(
        "hosts:Q",
        title="hosts",
        scale=alt.Scale(domain=[0.5, last + 0.5], nice=False),
        axis=alt.Axis(values=_ticks(last), format="d", grid=False),
    )
    likely = alt.Y(
        "likely:Q",
        title=scale.unit,
        scale=alt.Scale(zero=True),
        axis=alt.Axis(tickCount=6, domain=False, ticks=False),
    )
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=hosts, color=colour)
    lowest, highest = alt.Y("lowest:Q"), alt.Y("highest:Q")
    return [
        base.mark_area(opacity=0.16).encode(y=lowest, y2="highest:Q"),
        # the band's ends can be told apart where bands overlap, and on paper without colours
        base.mark_line(strokeWidth=0.8, strokeOpacity=0.7).encode(y=lowest),
        base.mark_line(strokeWidth=0.8, strokeOpacity=0.7).encode(y=highest),
        base.mark_rule(strokeWidth=2, strokeOpacity=0.35).encode(y=lowest, y2="highest:Q"),
        base.mark_line(strokeWidth=1.8).encode(y=likely),
        base.mark_point(filled=True, size=36, opacity=1).encode(y=likely, shape=shape),
    ]


def _planned(
    curves: Sequence[tuple[HardwarePlan, Sequence[Projection]]], scale: UnitScale, last: int
) -> list[alt.Chart]:
    """Ring the planned numbers of hosts, named on the side with room."""
    rows = [
        _row(hardware, point, scale) | {"name": counted(point.hosts, "host")}
        for hardware, curve in curves
        for point in curve
        if hardware.bill is not None and point.hosts == hardware.bill.hosts
    ]
    if not rows:
        return []
    ringed = alt.Chart(alt.InlineData(values=rows)).encode(x=alt.X("hosts:Q"), y=alt.Y("likely:Q"))
    limit = ROOM_FOR_NAME * last
    left = ringed.transform_filter(f"datum.hosts > {limit}").encode(text="name:N")
    right = ringed.transform_filter(f"datum.hosts <= {limit}").encode(text="name:N")
    return [
        ringed.mark_point(size=260, stroke=INK, strokeWidth=1.5, filled=False),
        *outlined(left, align="right", baseline="bottom", dx=-9, dy=-6),
        *outlined(right, align="left", baseline="top", dx=11, dy=4),
    ]


def _row(hardware: HardwarePlan, point: Projection, scale: UnitScale) -> dict[str, Any]:
    rate = point.goodput_bits_per_second
    return {
        "hardware": hardware.name,
        "hosts": point.hosts,
        "lowest": scale.of(rate.lowest),
        "likely": scale.of(rate.likely),
        "highest": scale.of(rate.highest),
    }


def _ticks(last: int) -> list[int]:
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 1000) if last / step <= MOST_TICKS)
    return [*range(step, last + 1, step)] if step == 1 else [1, *range(step, last + 1, step)]


def _description(plan: Plan, curves: Sequence[tuple[HardwarePlan, Sequence[Projection]]]) -> str:
    texts = [
        f"{hardware.name}: {rate_text(curve[0].goodput_bits_per_second.likely)} from "
        f"{counted(curve[0].hosts, 'host')}, {rate_text(curve[-1].goodput_bits_per_second.likely)} "
        f"from {curve[-1].hosts}"
        for hardware, curve in curves
    ]
    target = plan.target_bits_per_second
    against = "" if target is None else f" The target is {rate_text(target)}."
    return f"Likely {'; '.join(texts)}.{against} The planned number is ringed."

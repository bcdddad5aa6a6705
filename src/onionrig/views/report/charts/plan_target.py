"""Draw the target in the chart of a plan, and the target with its headroom above it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from onionrig.units import rate_text
from onionrig.views.plan.words import headroom_text
from onionrig.views.report.colours import INK
from onionrig.views.report.figure import Key, outlined

if TYPE_CHECKING:
    from onionrig.records.plan import Plan
    from onionrig.views.report.charts.scales import UnitScale

TARGET_DASH, HEADROOM_DASH = (6, 4), (2, 3)


def wanted_rate(plan: Plan) -> float | None:
    """Return the target with its headroom, or None without a target."""
    target = plan.target_bits_per_second
    return None if target is None else target * (1 + plan.headroom)


def target_lines(plan: Plan, scale: UnitScale, last: int) -> list[alt.Chart]:
    """Draw the target and, above it, the target with its headroom."""
    target, rate_with_headroom = plan.target_bits_per_second, wanted_rate(plan)
    if target is None or rate_with_headroom is None:
        return []
    levels = _level(scale.of(target), "target", last, above=False)
    if not plan.headroom:
        return levels
    return [
        *levels,
        *_level(
            scale.of(rate_with_headroom), f"+ {headroom_text(plan.headroom)}", last, above=True
        ),
    ]


def target_keys(plan: Plan) -> list[Key]:
    """Return the keys of the lines, with their rates."""
    target, rate_with_headroom = plan.target_bits_per_second, wanted_rate(plan)
    if target is None or rate_with_headroom is None:
        return []
    keys = [Key(name=f"target {rate_text(target)}", colour=INK, dash=TARGET_DASH)]
    if plan.headroom:
        name = f"with {headroom_text(plan.headroom)} to spare, {rate_text(rate_with_headroom)}"
        keys.append(Key(name=name, colour=INK, dash=HEADROOM_DASH))
    return keys


def _level(value: float, name: str, last: int, *, above: bool) -> list[alt.Chart]:
    row = {"begin": 0.5, "end": last + 0.5, "value": value, "name": name}
    chart = alt.Chart(alt.InlineData(values=[row])).encode(y=alt.Y("value:Q"))
    named = chart.encode(x=alt.X("end:Q"), text="name:N")
    return [
        chart.mark_rule(
            color=INK, strokeWidth=1.5, strokeDash=list(HEADROOM_DASH if above else TARGET_DASH)
        ).encode(x="begin:Q", x2="end:Q"),
        *outlined(
            named,
            align="right",
            baseline="bottom" if above else "top",
            dy=-4 if above else 5,
            fontWeight=600,
        ),
    ]

"""Find where goodput stops growing along one axis of a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.records.series.sweep import Axis, Knee, SweepPoint
from onionrig.units import rate_text

if TYPE_CHECKING:
    from collections.abc import Sequence

ENOUGH = 0.9
"""Share of the highest sustained rate that is enough: rates of one rig repeat within about a
tenth."""
LOAD = "load.streams"


def knees(axes: Sequence[Axis], points: Sequence[SweepPoint]) -> tuple[Knee, ...]:
    """Find the knee along the load's axis for each combination of the other settings.

    The axis is ``load.streams`` if it is varied, else the first whose values are numbers. Without
    such an axis there is no order to find a knee in, and none is returned.
    """
    axis = _axis(axes)
    if axis is None:
        return ()
    groups: dict[tuple[tuple[str, str], ...], list[SweepPoint]] = {}
    for point in points:
        other_settings = tuple(item for item in point.settings.items() if item[0] != axis.key)
        groups.setdefault(other_settings, []).append(point)
    return tuple(
        _knee(axis, dict(other_settings), group) for other_settings, group in groups.items()
    )


def _axis(axes: Sequence[Axis]) -> Axis | None:
    numeric_axes = [
        axis for axis in axes if len(axis.values) > 1 and all(map(_is_number, axis.values))
    ]
    load_axes = [axis for axis in numeric_axes if axis.key == LOAD]
    return next(iter([*load_axes, *numeric_axes]), None)


def _knee(axis: Axis, other_settings: dict[str, str], points: Sequence[SweepPoint]) -> Knee:
    rates = sorted(
        (float(point.settings[axis.key]), point.settings[axis.key], rate)
        for point in points
        if (rate := point.result.goodput.sustained_bits_per_second) is not None
    )
    settings_text = (
        f" with {', '.join(f'{key} = {value}' for key, value in other_settings.items())}"
        * bool(other_settings)
    )
    if not rates or not any(rate for _, _, rate in rates):
        return Knee(
            key=axis.key,
            settings=other_settings,
            value=None,
            sustained_bits_per_second=None,
            reached=False,
            sentence=f"no rate was measured along {axis.key}{settings_text}",
        )
    best_rate = max(rate for _, _, rate in rates)
    index = next(index for index, (_, _, rate) in enumerate(rates) if rate >= ENOUGH * best_rate)
    _, value, rate = rates[index]
    is_reached = index < len(rates) - 1
    return Knee(
        key=axis.key,
        settings=other_settings,
        value=value,
        sustained_bits_per_second=rate,
        reached=is_reached,
        sentence=(
            f"the knee{settings_text} is at {axis.key} = {value}: {rate_text(rate)} sustained, and "
            "higher "
            f"values add less than a tenth (at most {rate_text(best_rate)})"
            if is_reached
            else f"the knee{settings_text} is not reached: {axis.key} = {value} has the highest "
            f"rate, {rate_text(rate)} sustained, and is the last value measured"
        ),
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

"""Compute the result of a sweep: its points, from the loads of its runs, and the knees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.several_runs.grid import combinations
from onionrig.analysis.several_runs.knee import knees
from onionrig.analysis.several_runs.repetitions import combined
from onionrig.analysis.trust.core_speed import MOST_CHANGE
from onionrig.records.series.sweep import SweepPoint, SweepResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onionrig.analysis.several_runs.grid import Settings
    from onionrig.records.result import Result
    from onionrig.records.series.sweep import SweepPlan


def sweep_result(plan: SweepPlan, name: str, loads: Mapping[str, Sequence[Result]]) -> SweepResult:
    """Collect the points of a sweep from the loads, by run, that were held to their end."""
    wanted = combinations(plan.axes)
    points: list[SweepPoint] = []
    for settings in wanted:
        own = [(run, result) for run, result in _held(loads) if result.settings == settings]
        if own:
            first_run = own[0][0]
            result = combined([result for _, result in own])
            points.append(SweepPoint(settings=settings, run=first_run, result=result))
    return SweepResult(
        sweep=name,
        started=plan.started,
        axes=plan.axes,
        points=tuple(points),
        missing=len(wanted) - len(points),
        knees=knees(plan.axes, points),
        remarks=speed_remarks([point.result for point in points]),
    )


def speed_remarks(results: Sequence[Result]) -> tuple[str, ...]:
    """Return a remark if the cores were not equally fast for all points, by the yardstick."""
    speeds = [
        result.yardstick.speed
        for result in results
        if result.yardstick is not None and result.yardstick.speed
    ]
    if not speeds or max(speeds) <= (1 + MOST_CHANGE) * min(speeds):
        return ()
    remark = (
        f"the cores were {min(speeds):.2f} to {max(speeds):.2f} times as fast as the reference "
        "core, so points differ by that as well; compare their costs on the reference core"
    )
    return (remark,)


def still_to_do(plan: SweepPlan, loads: Mapping[str, Sequence[Result]]) -> list[Settings]:
    """Return the points that are not measured, once for each missing repetition.

    Repetitions come round after round, so that a drift of the machine affects every point alike.
    """
    done = [result.settings for _, result in _held(loads)]
    left = {
        number: plan.repeat - done.count(settings)
        for number, settings in enumerate(combinations(plan.axes))
    }
    wanted = combinations(plan.axes)
    return [
        wanted[number]
        for round_number in range(plan.repeat)
        for number, missing in left.items()
        if round_number >= plan.repeat - missing
    ]


def _held(loads: Mapping[str, Sequence[Result]]) -> list[tuple[str, Result]]:
    return [
        (run, result)
        for run, results in loads.items()
        for result in results
        if result.status == "complete"
    ]

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
    combinations_wanted = combinations(plan.axes)
    points: list[SweepPoint] = []
    for settings in combinations_wanted:
        results_of_point = [
            (run, point_result)
            for run, point_result in _complete_results(loads)
            if point_result.settings == settings
        ]
        if results_of_point:
            first_run = results_of_point[0][0]
            point_result = combined([point_result for _, point_result in results_of_point])
            points.append(SweepPoint(settings=settings, run=first_run, result=point_result))
    return SweepResult(
        sweep=name,
        started=plan.started,
        axes=plan.axes,
        points=tuple(points),
        missing=len(combinations_wanted) - len(points),
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
    measured_settings = [result.settings for _, result in _complete_results(loads)]
    missing_counts = {
        number: plan.repeat - measured_settings.count(settings)
        for number, settings in enumerate(combinations(plan.axes))
    }
    combinations_wanted = combinations(plan.axes)
    return [
        combinations_wanted[number]
        for round_number in range(plan.repeat)
        for number, missing_count in missing_counts.items()
        if round_number >= plan.repeat - missing_count
    ]


def _complete_results(loads: Mapping[str, Sequence[Result]]) -> list[tuple[str, Result]]:
    return [
        (run, result)
        for run, results in loads.items()
        for result in results
        if result.status == "complete"
    ]

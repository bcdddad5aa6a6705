"""Compute the result of a sweep: its points, from the loads of its runs, and the knees."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.several_runs.grid import combinations
from onionrig.analysis.several_runs.knee import knees
from onionrig.analysis.several_runs.repetitions import combined
from onionrig.analysis.thresholds import repeated_thresholds
from onionrig.analysis.trust.core_speed import MOST_CHANGE
from onionrig.records.result import Verdict
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
            results = [point_result for _, point_result in results_of_point]
            point_result = msgspec.structs.replace(combined(results), verdict=_verdict(results))
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


def _verdict(results: Sequence[Result]) -> Verdict:
    """Return the verdict of a point: of several repetitions by their mean rate and their worst."""
    if len(results) == 1:
        return results[0].verdict
    rates = [rate for result in results if (rate := result.goodput.sustained_bits_per_second)]
    thresholds = repeated_thresholds(
        {f"repetition {number}": result for number, result in enumerate(results, start=1)},
        mean=statistics.geometric_mean(rates) if rates else None,
    )
    target = next(
        (threshold for threshold in thresholds if threshold.figure == "sustained rate"), None
    )
    return Verdict(
        target_bits_per_second=target.limit if target else None,
        met=target.outcome == "met" if target and target.outcome != "unknown" else None,
        thresholds=thresholds,
    )


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

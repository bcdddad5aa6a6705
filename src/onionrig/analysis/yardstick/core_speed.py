"""Turn the yardstick's readings into speeds relative to the reference core."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from onionrig.analysis.trust.trend import CERTAIN
from onionrig.analysis.yardstick.reference_core import REFERENCE_CORES
from onionrig.records.yardstick.core_speed import HostSpeed, PartSpeed
from onionrig.records.yardstick.readings import WORK_PARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.windows import Window
    from onionrig.analysis.yardstick.reference_core import ReferenceCore
    from onionrig.records.yardstick.readings import Moment, WorkPart, YardstickSample

PartSpeeds = dict["WorkPart", float]
"""Bytes per CPU-second of one core, by part."""
FEWEST_FOR_QUARTILES = 4
FEWEST_IN_A_HALF = 3


def host_speed(host: str, readings: Sequence[YardstickSample], hold: Window) -> HostSpeed:
    """Return how fast a host's cores were, by the readings of one load and of one version."""
    hold_readings = [
        reading
        for reading in readings
        if reading.moment == "hold" and reading.second in hold.seconds
    ]
    speeds_by_moment = {
        "before": part_speeds(_readings_at(readings, "before")),
        "hold": part_speeds(hold_readings),
        "after": part_speeds(_readings_at(readings, "after")),
    }
    reference = REFERENCE_CORES.get(readings[0].version) if readings else None
    hold_speeds = [
        speed
        for reading in hold_readings
        if (speed := relative_speed(part_speeds([reading]), reference)) is not None
    ]
    change, significance = _change(hold_readings, hold_speeds, hold)
    return HostSpeed(
        host=host,
        cores=len({reading.core for reading in readings}),
        readings=len(hold_readings),
        before=relative_speed(speeds_by_moment["before"], reference),
        hold=relative_speed(speeds_by_moment["hold"], reference),
        after=relative_speed(speeds_by_moment["after"], reference),
        middle_half=_middle_half(hold_speeds),
        change=change,
        significance=significance,
        parts=tuple(
            PartSpeed(
                part=part,
                before_bytes_per_cpu_second=speeds_by_moment["before"].get(part),
                hold_bytes_per_cpu_second=speeds_by_moment["hold"].get(part),
                after_bytes_per_cpu_second=speeds_by_moment["after"].get(part),
                reference_bytes_per_cpu_second=(
                    reference.bytes_per_cpu_second.get(part) if reference else None
                ),
            )
            for part in WORK_PARTS
        ),
    )


def part_speeds(readings: Sequence[YardstickSample]) -> PartSpeeds:
    """Return the speed of each part over these readings; a part without time is left out."""
    speeds: PartSpeeds = {}
    for part in WORK_PARTS:
        timings = [reading.timings[part] for reading in readings if part in reading.timings]
        seconds = math.fsum(timing.cpu_seconds for timing in timings)
        if seconds > 0:
            speeds[part] = sum(timing.bytes for timing in timings) / seconds
    return speeds


def relative_speed(speeds: PartSpeeds, reference: ReferenceCore | None) -> float | None:
    """Return the reference core's time for the work over the time at these speeds.

    None if a part of it was not read, or there is no reference core.
    """
    if reference is None or any(not speeds.get(part) for part in reference.weights):
        return None
    return 1 / math.fsum(
        weight * reference.bytes_per_cpu_second[part] / speeds[part]
        for part, weight in reference.weights.items()
    )


def _readings_at(readings: Sequence[YardstickSample], moment: Moment) -> list[YardstickSample]:
    return [reading for reading in readings if reading.moment == moment]


def _middle_half(speeds: Sequence[float]) -> tuple[float, float] | None:
    if len(speeds) < FEWEST_FOR_QUARTILES:
        return None
    first_quartile, _, third_quartile = statistics.quantiles(speeds, n=4)
    return first_quartile, third_quartile


def _change(
    hold_readings: Sequence[YardstickSample], speeds: Sequence[float], hold: Window
) -> tuple[float | None, float | None]:
    """Return the relative change between the halves of the hold, and its standard errors."""
    if len(speeds) != len(hold_readings):
        return None, None
    middle_second = (hold.begin + hold.end) / 2
    halves: tuple[list[float], list[float]] = ([], [])
    for reading, speed in zip(hold_readings, speeds, strict=True):
        halves[reading.second >= middle_second].append(speed)
    if any(len(half) < FEWEST_IN_A_HALF for half in halves):
        return None, None
    first_mean, second_mean = (statistics.fmean(half) for half in halves)
    error = math.sqrt(math.fsum(statistics.variance(half) / len(half) for half in halves))
    difference = second_mean - first_mean
    if not error:
        return difference / first_mean, CERTAIN if difference else 0.0
    return difference / first_mean, min(abs(difference) / error, CERTAIN)

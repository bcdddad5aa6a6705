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
    from onionrig.records.yardstick.readings import Moment, Timing, WorkPart, YardstickSample

PartSpeeds = dict["WorkPart", float]
"""Bytes per CPU-second of one core, by part."""
MOST_READ_BYTES, LONGEST_READING_SECONDS = 1e15, 1e6
"""Bounds of one part of a reading, which takes a fraction of a second; beyond them is damage."""
SHORTEST_SECONDS = 1e-9
"""Resolution of the clock; a shorter time is none."""
FEWEST_FOR_QUARTILES = 4
FEWEST_IN_A_HALF = 3


def host_speed(host: str, readings: Sequence[YardstickSample], hold: Window) -> HostSpeed:
    """Return how fast a host's cores were, by the readings of one load and of one version."""
    hold_readings = [
        reading
        for reading in readings
        if reading.moment == "hold" and reading.second in hold.seconds
    ]
    readings_by_moment = {
        "before": _readings_at(readings, "before"),
        "hold": hold_readings,
        "after": _readings_at(readings, "after"),
    }
    speeds_by_moment = {
        moment: mean_part_speeds(of_moment) for moment, of_moment in readings_by_moment.items()
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
        before=_mean_speed(readings_by_moment["before"], reference),
        hold=_mean_speed(readings_by_moment["hold"], reference),
        after=_mean_speed(readings_by_moment["after"], reference),
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
        timings = [
            reading.timings[part]
            for reading in readings
            if part in reading.timings and _is_plausible(reading.timings[part])
        ]
        seconds = math.fsum(timing.cpu_seconds for timing in timings)
        done_bytes = sum(timing.bytes for timing in timings)
        if seconds >= SHORTEST_SECONDS and done_bytes:
            speeds[part] = done_bytes / seconds
    return speeds


def _is_plausible(timing: Timing) -> bool:
    """Return whether a reading can have come about; in a bundle it may be anybody's invention."""
    return (
        0 <= timing.bytes <= MOST_READ_BYTES and 0 <= timing.cpu_seconds <= LONGEST_READING_SECONDS
    )


def mean_part_speeds(readings: Sequence[YardstickSample]) -> PartSpeeds:
    """Return the mean of the cores' speeds of each part; a part that a core lacks is left out.

    Each core counts alike, however slow it is: a rig keeps slow and fast cores equally long at
    work.
    """
    speeds_by_core = [part_speeds(of_core) for of_core in _by_core(readings).values()]
    return {
        part: statistics.fmean(speeds[part] for speeds in speeds_by_core)
        for part in WORK_PARTS
        if speeds_by_core and all(part in speeds for speeds in speeds_by_core)
    }


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


def _mean_speed(
    readings: Sequence[YardstickSample], reference: ReferenceCore | None
) -> float | None:
    """Return the mean speed of the cores, each relative to the reference core, or None."""
    core_speeds = [
        speed
        for of_core in _by_core(readings).values()
        if (speed := relative_speed(part_speeds(of_core), reference)) is not None
    ]
    return statistics.fmean(core_speeds) if core_speeds else None


def _by_core(readings: Sequence[YardstickSample]) -> dict[int, list[YardstickSample]]:
    by_core: dict[int, list[YardstickSample]] = {}
    for reading in readings:
        by_core.setdefault(reading.core, []).append(reading)
    return by_core


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
    """Return the relative change between the halves of the hold, and its standard errors.

    Each reading is compared with others of its core, so that a half in which more of the slow cores
    were read does not count as slower. Cores that were not read in both halves are left out.
    """
    if len(speeds) != len(hold_readings):
        return None, None
    middle_second = (hold.begin + hold.end) / 2
    by_core: dict[int, tuple[list[float], list[float]]] = {}
    for reading, speed in zip(hold_readings, speeds, strict=True):
        by_core.setdefault(reading.core, ([], []))[reading.second >= middle_second].append(speed)
    halves: tuple[list[float], list[float]] = ([], [])
    for core_halves in by_core.values():
        if all(core_halves):
            level = statistics.fmean(map(statistics.fmean, core_halves))
            for half, core_half in zip(halves, core_halves, strict=True):
                half += [speed / level for speed in core_half]
    if any(len(half) < FEWEST_IN_A_HALF for half in halves):
        return None, None
    first_mean, second_mean = (statistics.fmean(half) for half in halves)
    error = math.sqrt(math.fsum(statistics.variance(half) / len(half) for half in halves))
    difference = second_mean - first_mean
    if not error:
        return difference / first_mean, CERTAIN if difference else 0.0
    return difference / first_mean, min(abs(difference) / error, CERTAIN)

"""What a load's costs and rate would be on the reference core."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.hosts.costs import BITS_PER_GBIT
from onionrig.analysis.hosts.cpu import elapsed_seconds, samples_around, used_cpu_seconds
from onionrig.analysis.hosts.facts import host_of, machine_facts, machine_of
from onionrig.analysis.yardstick.arithmetic import (
    arithmetic_seconds_per_gbit,
    relays_of,
    summed_by_kind,
    summed_by_role,
)
from onionrig.analysis.yardstick.core_speed import host_speed, part_speeds
from onionrig.records.yardstick.core_speed import ArithmeticBound, Yardstick

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.analysis.yardstick.core_speed import PartSpeeds
    from onionrig.records.findings import Bottleneck
    from onionrig.records.result import Cost, Goodput
    from onionrig.records.yardstick.core_speed import HostSpeed
    from onionrig.records.yardstick.readings import YardstickSample

FOLLOWS_THE_CORES = frozenset({"machine CPU", "main thread"})
"""Kinds of bottleneck with which the rate follows the speed of the cores."""


def yardstick(
    load: MeasuredLoad, goodput: Goodput, bottleneck: Bottleneck | None
) -> Yardstick | None:
    """Return how fast the cores were; None if no yardstick was read, as in older runs."""
    readings = _by_machine(load)
    if not readings:
        return None
    versions = sorted({one.version for several in readings.values() for one in several})
    hosts = tuple(
        host_speed(machine, _of_version(several, versions[-1]), load.hold)
        for machine, several in readings.items()
    )
    speed = _whole_speed(load, {one.host: one for one in hosts})
    sustained, reason = _carried_over(goodput, bottleneck, speed)
    return Yardstick(
        version=versions[-1],
        libraries=tuple(several[0].library for several in readings.values()),
        hosts=hosts,
        speed=speed,
        sustained_on_reference_core_bits_per_second=sustained,
        not_carried_over=reason,
        arithmetic=_arithmetic(load, readings, goodput),
    )


def carried_over_costs(
    load: MeasuredLoad, costs: Mapping[str, Cost], yardstick: Yardstick | None
) -> dict[str, Cost]:
    """Add to each role's cost what it would be on the reference core, where that is known."""
    if yardstick is None:
        return dict(costs)
    speeds = {host.host: host.hold for host in yardstick.hosts}
    weighted: dict[str, float] = defaultdict(float)
    whole: dict[str, float] = defaultdict(float)
    for machine, used in _used_cpu_seconds(load).items():
        speed = speeds.get(machine)
        for name, seconds in used.items():
            role = load.manifest.roles.get(name, name)
            whole[role] += seconds
            weighted[role] += math.nan if speed is None else speed * seconds
    carried: dict[str, Cost] = {}
    for role, cost in costs.items():
        mean_speed = weighted[role] / whole[role] if whole[role] else math.nan
        per_gbit = cost.cpu_seconds_per_gbit
        on_reference = per_gbit  # what took no time takes none anywhere
        if per_gbit:
            on_reference = None if math.isnan(mean_speed) else per_gbit * mean_speed
        carried[role] = msgspec.structs.replace(cost, reference_core_seconds_per_gbit=on_reference)
    return carried


def _by_machine(load: MeasuredLoad) -> dict[str, list[YardstickSample]]:
    """Return the readings of each machine; emulated hosts share one."""
    readings: dict[str, list[YardstickSample]] = {}
    for name, several in load.recording.yardsticks.items():
        if several:
            machine = machine_of(load.manifest, host_of(load.manifest, name))
            readings.setdefault(machine, []).extend(several)
    return readings


def _of_version(readings: Sequence[YardstickSample], version: int) -> list[YardstickSample]:
    return [one for one in readings if one.version == version]


def _used_cpu_seconds(load: MeasuredLoad) -> dict[str, dict[str, float]]:
    """Return the CPU-seconds of each service in the hold, by machine."""
    used: dict[str, dict[str, float]] = {}
    for name, samples in load.recording.samplers.items():
        around = samples_around(samples, load.hold)
        if around and elapsed_seconds(around):
            machine = machine_of(load.manifest, host_of(load.manifest, name))
            used.setdefault(machine, {}).update(used_cpu_seconds(around))
    return used


def _whole_speed(load: MeasuredLoad, hosts: Mapping[str, HostSpeed]) -> float | None:
    """Return the mean speed of the machines, weighted by the CPU time that the rig used there."""
    used = {machine: sum(each.values()) for machine, each in _used_cpu_seconds(load).items()}
    whole = sum(used.values())
    if not whole:
        return None
    speeds = {machine: hosts[machine].hold if machine in hosts else None for machine in used}
    known = [used[machine] * speed for machine, speed in speeds.items() if speed is not None]
    return sum(known) / whole if len(known) == len(used) else None


def _carried_over(
    goodput: Goodput, bottleneck: Bottleneck | None, speed: float | None
) -> tuple[float | None, str]:
    sustained = goodput.sustained_bits_per_second
    if sustained is None:
        return None, "there is no sustained rate"
    if speed is None:
        return None, "the yardstick was not read in the hold on every host"
    if bottleneck is None or bottleneck.kind not in FOLLOWS_THE_CORES:
        return None, "no CPU was the bottleneck, so the rate does not follow the core speed"
    return sustained / speed, ""


def _arithmetic(
    load: MeasuredLoad, readings: Mapping[str, Sequence[YardstickSample]], goodput: Goodput
) -> ArithmeticBound | None:
    """Return the bound of all cores of the machines together, at their speeds in the hold."""
    relays = relays_of(load.manifest.mode)
    mean = goodput.mean_bits_per_second
    if relays is None or mean is None:
        return None
    cores = {machine: _cores(load, machine) for machine in readings}
    speeds = _mean_speeds(
        {
            machine: part_speeds(
                [one for one in several if one.moment == "hold" and one.second in load.hold.seconds]
            )
            for machine, several in readings.items()
        },
        cores,
    )
    arithmetic = arithmetic_seconds_per_gbit(load.manifest.mode, speeds)
    if arithmetic is None:
        return None
    seconds = summed_by_kind(arithmetic)
    bound = sum(cores.values()) * BITS_PER_GBIT / sum(seconds.values())
    return ArithmeticBound(
        relays=relays,
        cpu_seconds_per_gbit=seconds,
        role_cpu_seconds_per_gbit=summed_by_role(arithmetic),
        bits_per_second=bound,
        reached=mean / bound,
    )


def _cores(load: MeasuredLoad, machine: str) -> float:
    facts = machine_facts(load.manifest, machine)
    return facts.usable_cores if facts is not None else 1.0


def _mean_speeds(speeds: Mapping[str, PartSpeeds], cores: Mapping[str, float]) -> PartSpeeds:
    """Return the speeds of the mean core of several machines; parts read on all of them only."""
    whole = sum(cores.values())
    parts = set.intersection(*(set(each) for each in speeds.values())) if speeds else set()
    return {
        part: sum(cores[machine] * each[part] for machine, each in speeds.items()) / whole
        for part in parts
    }

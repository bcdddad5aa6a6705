"""What a load's costs and rate would be on the reference core."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
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
from onionrig.analysis.yardstick.core_speed import host_speed
from onionrig.analysis.yardstick.reference_core import REFERENCE_CORES
from onionrig.records.yardstick.core_speed import ArithmeticBound, Yardstick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.analysis.yardstick.core_speed import PartSpeeds
    from onionrig.records.findings import Bottleneck
    from onionrig.records.result import Cost, Goodput
    from onionrig.records.yardstick.core_speed import HostSpeed
    from onionrig.records.yardstick.readings import YardstickSample

FOLLOWS_THE_CORES = frozenset({"machine CPU", "main thread"})
"""Kinds of bottleneck with which the rate follows the speed of the cores."""
UsedSeconds = Mapping[str, Mapping[str, float]]
"""CPU-seconds of each service in the hold, by machine; emulated hosts share one."""


def used_seconds_by_machine(load: MeasuredLoad) -> UsedSeconds:
    """Return the CPU-seconds of each service in the hold, by machine."""
    used_by_machine: dict[str, dict[str, float]] = {}
    for name, samples in load.recording.samplers.items():
        hold_samples = samples_around(samples, load.hold)
        if hold_samples and elapsed_seconds(hold_samples):
            machine = machine_of(load.manifest, host_of(load.manifest, name))
            used_by_machine.setdefault(machine, {}).update(used_cpu_seconds(hold_samples))
    return used_by_machine


def yardstick(
    load: MeasuredLoad,
    goodput: Goodput,
    bottleneck: Bottleneck | None,
    used_seconds: UsedSeconds,
    *,
    cpu_was_taken: bool = False,
) -> Yardstick | None:
    """Return how fast the cores were; None if no yardstick was read, as in older runs.

    Where others took part of the CPU (``cpu_was_taken``), the rate says less than the cores allow,
    and it is not carried over; costs are.
    """
    readings = _readings_by_machine(load)
    if not readings:
        return None
    version = max(
        reading.version for machine_readings in readings.values() for reading in machine_readings
    )
    hosts = tuple(
        host_speed(machine, _readings_of_version(machine_readings, version), load.hold)
        for machine, machine_readings in readings.items()
    )
    speed = _whole_speed(used_seconds, {host.host: host for host in hosts})
    sustained_on_reference_core, reason = _sustained_on_reference_core(
        goodput, bottleneck, speed, cpu_was_taken=cpu_was_taken
    )
    if speed is None:
        reason = _reason_without_speed(version, readings)
    return Yardstick(
        version=version,
        libraries=tuple(machine_readings[0].library for machine_readings in readings.values()),
        hosts=hosts,
        speed=speed,
        sustained_on_reference_core_bits_per_second=sustained_on_reference_core,
        not_carried_over=reason,
        arithmetic=_arithmetic(load, hosts, goodput),
    )


def carried_over_costs(
    costs: Mapping[str, Cost],
    yardstick: Yardstick | None,
    used_seconds: UsedSeconds,
    roles: Mapping[str, str],
) -> dict[str, Cost]:
    """Add to each role's cost what it would be on the reference core, where that is known."""
    if yardstick is None:
        return dict(costs)
    speeds = {host.host: host.hold for host in yardstick.hosts}
    weighted_seconds: dict[str, float] = defaultdict(float)
    role_seconds: dict[str, float] = defaultdict(float)
    for machine, seconds_by_service in used_seconds.items():
        speed = speeds.get(machine)
        for name, seconds in seconds_by_service.items():
            role = roles.get(name, name)
            role_seconds[role] += seconds
            weighted_seconds[role] += math.nan if speed is None else speed * seconds
    carried_over: dict[str, Cost] = {}
    for role, cost in costs.items():
        mean_speed = weighted_seconds[role] / role_seconds[role] if role_seconds[role] else math.nan
        per_gbit = cost.cpu_seconds_per_gbit
        on_reference = per_gbit  # what took no time takes none anywhere
        if per_gbit:
            on_reference = None if math.isnan(mean_speed) else per_gbit * mean_speed
        carried_over[role] = msgspec.structs.replace(
            cost, reference_core_seconds_per_gbit=on_reference
        )
    return carried_over


def _readings_by_machine(load: MeasuredLoad) -> dict[str, list[YardstickSample]]:
    """Return the readings of each machine; emulated hosts share one."""
    readings: dict[str, list[YardstickSample]] = {}
    for name, service_readings in load.recording.yardsticks.items():
        if service_readings:
            machine = machine_of(load.manifest, host_of(load.manifest, name))
            readings.setdefault(machine, []).extend(service_readings)
    return readings


def _readings_of_version(
    readings: Sequence[YardstickSample], version: int
) -> list[YardstickSample]:
    return [reading for reading in readings if reading.version == version]


def _whole_speed(used_seconds: UsedSeconds, hosts: Mapping[str, HostSpeed]) -> float | None:
    """Return the mean speed of the machines, weighted by the CPU time that the rig used there."""
    seconds_by_machine = {
        machine: sum(seconds_by_service.values())
        for machine, seconds_by_service in used_seconds.items()
    }
    all_seconds = sum(seconds_by_machine.values())
    if not all_seconds:
        return None
    speeds = {machine: hosts[machine].hold for machine in seconds_by_machine if machine in hosts}
    weighted_seconds = [
        seconds_by_machine[machine] * speed
        for machine, speed in speeds.items()
        if speed is not None
    ]
    is_known = len(weighted_seconds) == len(seconds_by_machine)
    return sum(weighted_seconds) / all_seconds if is_known else None


def _sustained_on_reference_core(
    goodput: Goodput, bottleneck: Bottleneck | None, speed: float | None, *, cpu_was_taken: bool
) -> tuple[float | None, str]:
    sustained_rate = goodput.sustained_bits_per_second
    if sustained_rate is None:
        return None, "there is no sustained rate"
    if speed is None:
        return None, ""
    if bottleneck is None or bottleneck.kind not in FOLLOWS_THE_CORES:
        return None, "no CPU was the bottleneck, so the rate does not follow the core speed"
    if cpu_was_taken:
        return None, "others took part of the CPU, so the rate says less than the cores allow"
    return sustained_rate / speed, ""


def _reason_without_speed(version: int, readings: Mapping[str, Sequence[YardstickSample]]) -> str:
    """Explain why it is not known how fast the cores were."""
    if version not in REFERENCE_CORES:
        return f"this onionrig has no reference core for version {version} of the yardstick"
    other_hosts = [
        machine
        for machine, machine_readings in readings.items()
        if not _readings_of_version(machine_readings, version)
    ]
    if other_hosts:
        return f"{', '.join(other_hosts)} had not read version {version} of the yardstick"
    return "the yardstick was not read in the hold on every host"


def _arithmetic(
    load: MeasuredLoad, hosts: Sequence[HostSpeed], goodput: Goodput
) -> ArithmeticBound | None:
    """Return the bound of all cores of the machines together, at their speeds in the hold."""
    relays = relays_of(load.manifest.mode)
    mean_rate = goodput.mean_bits_per_second
    if relays is None or mean_rate is None:
        return None
    cores = {host.host: _cores(load, host.host) for host in hosts}
    speeds = _mean_speeds({host.host: _hold_speeds(host) for host in hosts}, cores)
    arithmetic = arithmetic_seconds_per_gbit(load.manifest.mode, speeds)
    if arithmetic is None:
        return None
    seconds = summed_by_kind(arithmetic)
    highest_rate = sum(cores.values()) * BITS_PER_GBIT / sum(seconds.values())
    return ArithmeticBound(
        relays=relays,
        cpu_seconds_per_gbit=seconds,
        role_cpu_seconds_per_gbit=summed_by_role(arithmetic),
        bits_per_second=highest_rate,
        reached=mean_rate / highest_rate,
    )


def _hold_speeds(host: HostSpeed) -> PartSpeeds:
    """Return the speeds of the parts that were read in the hold."""
    return {
        part.part: part.hold_bytes_per_cpu_second
        for part in host.parts
        if part.hold_bytes_per_cpu_second is not None
    }


def _cores(load: MeasuredLoad, machine: str) -> float:
    facts = machine_facts(load.manifest, machine)
    return facts.usable_cores if facts is not None else 1.0


def _mean_speeds(speeds: Mapping[str, PartSpeeds], cores: Mapping[str, float]) -> PartSpeeds:
    """Return the speeds of the mean core of several machines; parts read on all of them only."""
    all_cores = sum(cores.values())
    parts = (
        set.intersection(*(set(machine_speeds) for machine_speeds in speeds.values()))
        if speeds
        else set()
    )
    return {
        part: sum(
            cores[machine] * machine_speeds[part] for machine, machine_speeds in speeds.items()
        )
        / all_cores
        for part in parts
    }

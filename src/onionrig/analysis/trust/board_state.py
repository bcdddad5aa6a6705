"""Check whether a machine ran slower than it can during the hold.

It may have been throttled, under-voltage or hot, have lowered its clock, or have lost cores.
"""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from onionrig.analysis.hosts.counters import condition_rise, samples_by_machine
from onionrig.analysis.hosts.facts import host_of, machine_facts, machine_of
from onionrig.units import counted, percent_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.samples import HostSample

NOW, SINCE_BOOT = " now", " since boot"
ARM_HOT_CELSIUS, HOT_CELSIUS = 80.0, 95.0
"""Temperatures from which boards slow down: a Pi's documentation says 80 °C; other processors
endure 95 °C and more."""
HOT_SHARE = 0.1
"""Share of the hold that a board may be hot before the figures are in doubt (a judgement)."""
HEAT_SHARE = 0.05
"""Share of the hold that a processor may throttle itself for heat (a judgement)."""
BUSY = 0.9
"""Share of all cores in use from which a clock is judged: governors lower it below that."""
LOW_CLOCK = 0.8
"""Fraction of the full clock of such seconds below which a clock is low, and…"""
LOW_CLOCK_SHARE = 0.1
"""…the share of such seconds that may have a low one, or one above the full clock (judgements): a
processor may exceed its lasting clock for a second or two."""


def board_doubts(load: MeasuredLoad) -> list[str]:
    """Return a doubt for each machine whose board was slowed down; emulated hosts share one."""
    machines: dict[str, Sequence[HostSample]] = {}
    for name, samples in load.recording.samplers.items():
        hold_samples = [
            sample for sample in samples if load.hold.begin <= sample.second < load.hold.end
        ]
        if hold_samples:
            machine = machine_of(load.manifest, host_of(load.manifest, name))
            machines.setdefault(machine, hold_samples)
    return [
        f"{machine} {doubt}"
        for machine, hold_samples in machines.items()
        for doubt in (
            *_throttling_doubts(hold_samples),
            *_temperature_doubts(hold_samples, _hot_celsius(load, machine)),
        )
    ] + [
        f"{machine} {doubt}"
        for machine, surrounding_samples in samples_by_machine(load).items()
        for doubt in (
            *_heat_doubts(surrounding_samples),
            *_clock_doubts(surrounding_samples),
            *_core_doubts(surrounding_samples),
        )
    ]


def _throttling_doubts(hold_samples: Sequence[HostSample]) -> list[str]:
    """Report what the firmware reported in the hold; flags from before it do not count."""
    reports = [
        sample.board.throttling for sample in hold_samples if sample.board.throttling is not None
    ]
    if not reports:
        return []
    flag_counts = Counter(
        flag.removesuffix(NOW) for flags in reports for flag in flags if NOW in flag
    )
    flags_between = {
        flag.removesuffix(SINCE_BOOT)
        for flags in reports
        for flag in flags
        if SINCE_BOOT in flag and flag not in reports[0]
    } - flag_counts.keys()
    clocks = [sample.board.clock_hertz for sample in hold_samples if sample.board.clock_hertz]
    clock_text = f" (lowest clock {min(clocks) / 1e9:.2f} GHz)" if clocks else ""
    return [
        f"reported {flag} for {percent_text(count / len(reports))} of the hold{clock_text}"
        for flag, count in flag_counts.items()
    ] + [f"reported {flag} at some time in the hold{clock_text}" for flag in sorted(flags_between)]


def _temperature_doubts(hold_samples: Sequence[HostSample], limit_celsius: float) -> list[str]:
    temperatures = [
        sample.board.temperature_celsius
        for sample in hold_samples
        if sample.board.temperature_celsius
    ]
    high_temperatures = [celsius for celsius in temperatures if celsius >= limit_celsius]
    if not temperatures or len(high_temperatures) <= HOT_SHARE * len(temperatures):
        return []
    share_text = percent_text(len(high_temperatures) / len(temperatures))
    doubt = (
        f"was at {limit_celsius:.0f} °C or more for {share_text} of the hold "
        f"(up to {max(high_temperatures):.1f})"
    )
    return [doubt]


def _heat_doubts(hold_samples: Sequence[HostSample]) -> list[str]:
    throttled_rise = condition_rise(hold_samples, lambda counts: counts.heat_throttled_seconds)
    if not throttled_rise or throttled_rise.share <= HEAT_SHARE:
        return []
    share_text = percent_text(throttled_rise.share)
    return [f"throttled its processor for heat for {share_text} of the hold"]


def _clock_doubts(hold_samples: Sequence[HostSample]) -> list[str]:
    """Report that the clock fell although there was as much to do as before."""
    clocks = [
        after.board.clock_hertz
        for before, after in pairwise(hold_samples)
        if after.board.clock_hertz and _busy_share(before, after) >= BUSY
    ]
    if not clocks:
        return []
    full_clock = sorted(clocks, reverse=True)[math.floor(LOW_CLOCK_SHARE * len(clocks))]
    low_clocks = [clock for clock in clocks if clock < LOW_CLOCK * full_clock]
    if not low_clocks or len(low_clocks) <= LOW_CLOCK_SHARE * (len(hold_samples) - 1):
        return []
    share_text = percent_text(len(low_clocks) / (len(hold_samples) - 1))
    clock = f"from {full_clock / 1e9:.2f} to {min(low_clocks) / 1e9:.2f} GHz"
    return [f"lowered its clock {clock} although its CPU was full, for {share_text} of the hold"]


def _busy_share(before: HostSample, after: HostSample) -> float:
    """Return the share of the machine's CPU time between two samples that was not idle."""
    busy = after.cpu.busy - before.cpu.busy
    idle = after.cpu.idle + after.cpu.iowait - before.cpu.idle - before.cpu.iowait
    return busy / (busy + idle) if busy > 0 and idle >= 0 else 0.0


def _core_doubts(hold_samples: Sequence[HostSample]) -> list[str]:
    """Report that fewer cores could be used than before: switched off, or given to others."""
    cores = [
        sample.conditions.affinity_cores
        for sample in hold_samples
        if sample.conditions and sample.conditions.affinity_cores
    ]
    if not cores or min(cores) == max(cores):
        return []
    fewest_text = counted(min(cores), "core")
    return [f"let the rig use {fewest_text} in part of the hold, and {max(cores)} in the rest"]


def _hot_celsius(load: MeasuredLoad, machine: str) -> float:
    facts = machine_facts(load.manifest, machine)
    is_arm = facts is not None and facts.architecture.startswith(("aarch64", "arm"))
    return ARM_HOT_CELSIUS if is_arm else HOT_CELSIUS

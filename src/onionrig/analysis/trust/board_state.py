"""Whether a board ran slower than it can: throttled, under-voltage or hot during the hold."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from onionrig.analysis.hosts.facts import host_of, machine_facts, machine_of
from onionrig.units import percent_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.loads import Load
    from onionrig.records.samples import HostSample

NOW, SINCE_BOOT = " now", " since boot"
ARM_HOT_CELSIUS, HOT_CELSIUS = 80.0, 95.0
"""Temperatures from which boards slow down: a Pi's documentation says 80 °C; other processors
endure 95 °C and more."""
HOT_SHARE = 0.1
"""Share of the hold that a board may be hot before the figures are in doubt (a judgement)."""


def board_doubts(load: Load) -> list[str]:
    """Name each machine whose board was held back; emulated hosts share one."""
    machines: dict[str, Sequence[HostSample]] = {}
    for name, samples in load.recording.samplers.items():
        held = [one for one in samples if load.hold.begin <= one.second < load.hold.end]
        if held:
            machine = machine_of(load.manifest, host_of(load.manifest, name))
            machines.setdefault(machine, held)
    return [
        f"{machine} {doubt}"
        for machine, held in machines.items()
        for doubt in (*_held_back(held), *_hot(held, _hot_celsius(load, machine)))
    ]


def _held_back(held: Sequence[HostSample]) -> list[str]:
    """Say what the firmware reported in the hold; a report of the time before it is none."""
    reports = [one.board.throttling for one in held if one.board.throttling is not None]
    if not reports:
        return []
    times = Counter(flag.removesuffix(NOW) for flags in reports for flag in flags if NOW in flag)
    between = {
        flag.removesuffix(SINCE_BOOT)
        for flags in reports
        for flag in flags
        if SINCE_BOOT in flag and flag not in reports[0]
    } - times.keys()
    clocks = [one.board.clock_hertz for one in held if one.board.clock_hertz]
    clock = f" (lowest clock {min(clocks) / 1e9:.2f} GHz)" if clocks else ""
    return [
        f"reported {flag} for {percent_text(count / len(reports))} of the hold{clock}"
        for flag, count in times.items()
    ] + [f"reported {flag} at some time in the hold{clock}" for flag in sorted(between)]


def _hot(held: Sequence[HostSample], limit_celsius: float) -> list[str]:
    told = [one.board.temperature_celsius for one in held if one.board.temperature_celsius]
    hot = [celsius for celsius in told if celsius >= limit_celsius]
    if not told or len(hot) <= HOT_SHARE * len(told):
        return []
    share = percent_text(len(hot) / len(told))
    return [f"was at {limit_celsius:.0f} °C or more for {share} of the hold (up to {max(hot):.1f})"]


def _hot_celsius(load: Load, machine: str) -> float:
    facts = machine_facts(load.manifest, machine)
    arm = facts is not None and facts.architecture.startswith(("aarch64", "arm"))
    return ARM_HOT_CELSIUS if arm else HOT_CELSIUS

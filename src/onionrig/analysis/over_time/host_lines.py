"""Compute what hosts did second by second: cores by role and by state, interfaces.

A sample closes its second, so its increase over the sample before belongs to the seconds since;
seconds without a sample share that evenly, and no total is lost.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from onionrig.analysis.hosts.cpu import cpu_counts
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from onionrig.records.samples import CpuStates, HostSample

Lines = dict[str, dict[int, float]]


def cores_by_role(samplers: Mapping[str, Sequence[HostSample]], roles: Mapping[str, str]) -> Lines:
    """Return the cores that each role had in use, all hosts together."""
    lines: Lines = {}
    for samples in samplers.values():
        counts = dict(zip((sample.second for sample in samples), cpu_counts(samples), strict=True))
        known = dict(counts[samples[0].second]) if samples else {}
        for before, after in _stretches(samples):
            seconds = after.monotonic_seconds - before.monotonic_seconds
            now = counts[after.second]
            for name, cpu in now.items():
                begun = known.get(name, 0.0)
                cores = (cpu - begun if cpu >= begun else cpu) / seconds
                line = lines.setdefault(roles.get(name, name), {})
                for second in _seconds(before, after):
                    line[second] = line.get(second, 0.0) + cores
            known |= now
    return lines


def cpu_by_state(samples: Sequence[HostSample]) -> Lines:
    """Return how many cores were in each state, as ``top`` has them."""
    lines: Lines = {}
    for before, after in _stretches(samples):
        seconds = after.cpu_read_seconds - before.cpu_read_seconds
        if seconds <= 0:
            continue
        begun, now = _states(before.cpu), _states(after.cpu)
        for state, cpu in now.items():
            line = lines.setdefault(state, {})
            line |= dict.fromkeys(_seconds(before, after), (cpu - begun[state]) / seconds)
    return lines


def interface_bits_per_second(samples: Sequence[HostSample]) -> Lines:
    """Return the rate of each interface and direction; idle ones are left out."""
    lines: Lines = {}
    for before, after in _stretches(samples):
        seconds = after.monotonic_seconds - before.monotonic_seconds
        for name, use in after.interfaces.items():
            begun = before.interfaces.get(name)
            if begun is None:
                continue
            for direction, size in (
                ("received", use.received_bytes - begun.received_bytes),
                ("sent", use.sent_bytes - begun.sent_bytes),
            ):
                line = lines.setdefault(f"{name} {direction}", {})
                rate = max(0, size) * BITS_PER_BYTE / seconds
                line |= dict.fromkeys(_seconds(before, after), rate)
    return {name: line for name, line in lines.items() if any(line.values())}


def _stretches(samples: Sequence[HostSample]) -> Iterator[tuple[HostSample, HostSample]]:
    return (
        (before, after)
        for before, after in pairwise(samples)
        if after.monotonic_seconds > before.monotonic_seconds
    )


def _seconds(before: HostSample, after: HostSample) -> range:
    return range(before.second + 1, after.second + 1)


def _states(cpu: CpuStates) -> dict[str, float]:
    return {
        "user": cpu.user + cpu.nice,
        "system": cpu.system + cpu.irq + cpu.softirq,
        "iowait": cpu.iowait,
        "steal": cpu.steal,
        "idle": cpu.idle,
    }

"""Compute what hosts did second by second: cores by role and by state, interfaces.

A sample closes its second, so its increase over the sample before belongs to the seconds since;
seconds without a sample share that evenly, and no total is lost.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from onionrig.analysis.hosts.cpu import cpu_counts
from onionrig.analysis.hosts.interfaces import carried_between
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
        last_counts = dict(counts[samples[0].second]) if samples else {}
        for before, after in _stretches(samples):
            seconds = after.monotonic_seconds - before.monotonic_seconds
            new_counts = counts[after.second]
            for name, cpu in new_counts.items():
                last_cpu = last_counts.get(name, 0.0)
                cores = (cpu - last_cpu if cpu >= last_cpu else cpu) / seconds
                line = lines.setdefault(roles.get(name, name), {})
                for second in _seconds(before, after):
                    line[second] = line.get(second, 0.0) + cores
            last_counts |= new_counts
    return lines


def cpu_by_state(samples: Sequence[HostSample]) -> Lines:
    """Return how many cores were in each state, as ``top`` has them."""
    lines: Lines = {}
    for before, after in _stretches(samples):
        seconds = after.cpu_read_seconds - before.cpu_read_seconds
        if seconds <= 0:
            continue
        first_states, last_states = _states(before.cpu), _states(after.cpu)
        for state, cpu in last_states.items():
            line = lines.setdefault(state, {})
            # iowait may fall: the CPU to which a waiting thread belongs can change (proc_stat(5))
            cores = max(0.0, cpu - first_states[state]) / seconds
            line |= dict.fromkeys(_seconds(before, after), cores)
    return lines


def interface_bits_per_second(samples: Sequence[HostSample]) -> Lines:
    """Return the rate of each interface and direction; idle ones are left out."""
    lines: Lines = {}
    for before, after in _stretches(samples):
        seconds = after.monotonic_seconds - before.monotonic_seconds
        for name, use in after.interfaces.items():
            first_use = before.interfaces.get(name)
            if first_use is None:
                continue
            for direction, size in carried_between(first_use, use)._asdict().items():
                line = lines.setdefault(f"{name} {direction}", {})
                rate = size * BITS_PER_BYTE / seconds
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

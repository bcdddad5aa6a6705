"""Compute the cost of each role: CPU-seconds per Gbit of goodput, cores in use, memory.

CPU time is the difference of two samples, of control groups where services have their own, and is
divided by the goodput of exactly the seconds between them.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from onionrig.analysis.hosts.cpu import elapsed_seconds, samples_around, used_cpu_seconds
from onionrig.analysis.load.windows import Window
from onionrig.records.result import Cost
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from onionrig.analysis.load.loads import MeasuredLoad

BITS_PER_GBIT = 1e9


def costs_by_role(load: MeasuredLoad) -> dict[str, Cost]:
    """Return the cost of each role over the hold; a role that was not sampled twice has none.

    Each sampler is a host: the cores and costs of a role are summed over hosts.
    """
    roles = load.manifest.roles
    cores: dict[str, float] = defaultdict(float)
    per_gbit: dict[str, float] = defaultdict(float)
    processes: dict[str, int] = defaultdict(int)
    peak_rss_bytes: dict[str, int] = defaultdict(int)
    for samples in load.recording.samplers.values():
        hold_samples = samples_around(samples, load.hold)
        if not hold_samples:
            continue
        seconds = elapsed_seconds(hold_samples)
        sampled_window = Window(begin=hold_samples[0].second + 1, end=hold_samples[-1].second + 1)
        gbit = sum(load.sink_seconds.payload_in(sampled_window)) * BITS_PER_BYTE / BITS_PER_GBIT
        for name, used in used_cpu_seconds(hold_samples).items():
            role = roles.get(name, name)
            processes[role] += 1
            cores[role] += used / seconds
            if gbit:
                per_gbit[role] += used / gbit
        for sample in hold_samples:
            for name, use in sample.processes.items():
                role = roles.get(name, name)
                peak_rss_bytes[role] = max(peak_rss_bytes[role], use.rss_bytes)
    return {
        role: Cost(
            processes=processes[role],
            cpu_seconds_per_gbit=per_gbit.get(role),
            cores=used,
            peak_rss_bytes=peak_rss_bytes[role],
        )
        for role, used in cores.items()
    }

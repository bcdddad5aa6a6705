"""What each role took: CPU-seconds for each Gbit of goodput, cores in use, memory.

The goodput that CPU time is held against is that of exactly the seconds between the two samples it
is the difference of.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from onionrig.analysis.hosts.cpu import elapsed_seconds, samples_around, used_cpu_seconds
from onionrig.analysis.load.windows import Window
from onionrig.records.result import Cost
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from onionrig.analysis.load.loads import Load

BITS_PER_GBIT = 1e9


def costs_by_role(load: Load) -> dict[str, Cost]:
    """Return the cost of each role over the hold; none where it was not sampled twice.

    Several samplers are several hosts: a role's cores and costs are the sums of theirs.
    """
    roles = load.manifest.roles
    cores: dict[str, float] = defaultdict(float)
    per_gbit: dict[str, float] = defaultdict(float)
    processes: dict[str, int] = defaultdict(int)
    peak_rss_bytes: dict[str, int] = defaultdict(int)
    for samples in load.recording.samplers.values():
        held = samples_around(samples, load.hold)
        if not held:
            continue
        seconds = elapsed_seconds(held)
        between = Window(begin=held[0].second + 1, end=held[-1].second + 1)
        gbit = sum(load.sink_seconds.payload_in(between)) * BITS_PER_BYTE / BITS_PER_GBIT
        for name, used in used_cpu_seconds(held).items():
            role = roles.get(name, name)
            processes[role] += 1
            cores[role] += used / seconds
            if gbit:
                per_gbit[role] += used / gbit
        for sample in held:
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

"""What each role took: CPU-seconds for each Gbit of goodput, cores in use, memory.

Counters of a process run from its start, so a cost is the difference between two samples; the
goodput it is held against is that of exactly the seconds between them.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from onionrig.analysis.windows import Window, bytes_by_second
from onionrig.records.result import Cost
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onionrig.records.samples import HostSample, ProcessUse, SinkSample

BITS_PER_GBIT = 1e9


def costs_by_role(
    samplers: Mapping[str, Sequence[HostSample]],
    sinks: Mapping[str, Sequence[SinkSample]],
    window: Window,
    roles: Mapping[str, str],
) -> dict[str, Cost]:
    """Return the cost of each role over the window; none where it was not sampled twice."""
    cpu_seconds: dict[str, float] = defaultdict(float)
    peak_rss_bytes: dict[str, int] = defaultdict(int)
    processes: dict[str, int] = defaultdict(int)
    seconds, gbit = 0.0, 0.0
    for samples in samplers.values():
        held = _around(samples, window)
        if held is None:
            continue
        first, last = held[0], held[-1]
        seconds = last.monotonic_seconds - first.monotonic_seconds
        between = Window(begin=first.second + 1, end=last.second + 1)
        gbit = sum(bytes_by_second(sinks, between)) * BITS_PER_BYTE / BITS_PER_GBIT
        for name, use in last.processes.items():
            role = roles.get(name, name)
            begun = first.processes.get(name)
            cpu_seconds[role] += _cpu(use) - (_cpu(begun) if begun else 0.0)
            processes[role] += 1
        for sample in held:
            for name, use in sample.processes.items():
                role = roles.get(name, name)
                peak_rss_bytes[role] = max(peak_rss_bytes[role], use.rss_bytes)
    return {
        role: Cost(
            processes=processes[role],
            cpu_seconds_per_gbit=used / gbit if gbit else None,
            cores=used / seconds,
            peak_rss_bytes=peak_rss_bytes[role],
        )
        for role, used in cpu_seconds.items()
    }


def _around(samples: Sequence[HostSample], window: Window) -> list[HostSample] | None:
    """Return the samples from the one that closes as the window begins to its last."""
    held = [sample for sample in samples if window.begin - 1 <= sample.second < window.end]
    return held if len(held) > 1 else None


def _cpu(use: ProcessUse) -> float:
    return use.cpu_user_seconds + use.cpu_system_seconds

"""Check clocks: seconds of processes differ if clocks are apart, were set or stopped.

Every process fixes the distance of wall and monotonic clock when it starts (movers/clock.py). So a
clock that is set does not harm processes that run already. But two processes of one machine count
different seconds if it was set between their starts, and tor itself goes by the wall clock. While a
machine is suspended, its monotonic clock stands still, and the rest of the rig goes on.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from onionrig.analysis.hosts.counters import condition_rise, samples_by_machine
from onionrig.analysis.hosts.facts import host_of, machine_facts, machine_of, roles_by_host

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.manifest import Manifest
    from onionrig.records.samples import HostSample, Sample

MOST_APART_SECONDS = 0.2
"""Largest offset of two clocks: 2 % of the ten seconds of the sustained rate. If they differ by
more, what was sent in a second by one clock is received in two by the other."""
LEAST_SUSPENDED_SECONDS = 0.1
"""Shortest suspension that is reported: two clocks cannot be read in the same instant."""


def clock_doubts(load: MeasuredLoad) -> list[str]:
    """Return a doubt for clocks that are apart, were set in the hold, or stood still."""
    doubts = _apart_doubts(load.manifest)
    for machine, held in samples_by_machine(load).items():
        suspended = condition_rise(held, lambda counts: counts.suspended_seconds)
        if suspended and suspended.amount > LEAST_SUSPENDED_SECONDS:
            doubts.append(
                f"{machine} was suspended for {suspended.amount:.1f} s in the hold: its processes "
                "did nothing in that time, and its seconds do not count it"
            )
        else:  # a machine that wakes up advances its wall clock by the time it slept
            doubts += _set_doubts(machine, held)
    return doubts + _process_doubts(load)


def _set_doubts(machine: str, held: Sequence[HostSample]) -> list[str]:
    ahead = [
        one.conditions.wall_ahead_seconds
        for one in held
        if one.conditions and one.conditions.wall_ahead_seconds is not None
    ]
    if not ahead or max(ahead) - min(ahead) <= MOST_APART_SECONDS:
        return []
    by = max((later - ahead[0] for later in ahead), key=abs)
    way = "ahead" if by > 0 else "back"
    doubt = f"the wall clock of {machine} was set {way} by {abs(by):.2f} s in the hold"
    return [f"{doubt}: tor's own timers go by it"]


def _process_doubts(load: MeasuredLoad) -> list[str]:
    """Return a doubt for each machine whose processes do not count the same seconds."""
    doubts = []
    for machine, offsets in _offsets(load).items():
        first, last = min(offsets, key=offsets.__getitem__), max(offsets, key=offsets.__getitem__)
        apart = offsets[last] - offsets[first]
        if apart > MOST_APART_SECONDS:
            doubts.append(
                f"the seconds of {last} are {apart:.2f} s ahead of those of {first}: the wall "
                f"clock of {machine} was set between their starts"
            )
    return doubts


def _offsets(load: MeasuredLoad) -> dict[str, dict[str, float]]:
    """Return how far the seconds of each machine's processes are ahead of its monotonic clock.

    A process may be held up between reading the two clocks, so the median of its samples counts.
    """
    recording, manifest = load.recording, load.manifest
    offsets: dict[str, dict[str, float]] = {}
    writers: tuple[Mapping[str, Sequence[Sample]], ...] = (
        recording.sinks,
        recording.sources,
        recording.samplers,
    )
    for name, samples in (named for several in writers for named in several.items()):
        machine = machine_of(manifest, host_of(manifest, name))
        read = [
            sample.wall_seconds - sample.monotonic_seconds
            for sample in samples
            if sample.second in load.hold.seconds
        ]
        if read and machine_facts(manifest, machine) is not None:
            offsets.setdefault(machine, {})[name] = statistics.median(read)
    return offsets


def _apart_doubts(manifest: Manifest) -> list[str]:
    """Name the two hosts whose clocks are furthest apart, if that blurs seconds.

    A host without an offset has the clock of the machine that ran the command.
    """
    busy = roles_by_host(manifest)
    offsets = {
        host.name: host.clock_offset_seconds or 0.0 for host in manifest.hosts if host.name in busy
    }
    if not offsets:
        return []
    first, last = min(offsets, key=offsets.__getitem__), max(offsets, key=offsets.__getitem__)
    apart = offsets[last] - offsets[first]
    if apart <= MOST_APART_SECONDS:
        return []
    doubt = (
        f"the clock of {last} is {apart:.2f} s ahead of that of {first}: what one counts in a "
        "second the other counts partly in the next"
    )
    return [doubt]

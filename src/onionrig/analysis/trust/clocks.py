"""Check clocks: seconds of processes differ if clocks are apart, were set or stopped.

Every process fixes the distance of wall and monotonic clock when it starts (movers/clock.py). So a
clock that is set does not harm processes that run already. But two processes of one machine count
different seconds if it was set between their starts, and tor itself goes by the wall clock. While a
machine is suspended, its monotonic clock stands still, and the rest of the rig goes on.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from onionrig.analysis.hosts.counters import samples_by_machine
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
    for machine, hold_samples in samples_by_machine(load).items():
        suspended_seconds = _suspended_seconds(hold_samples)
        if suspended_seconds > LEAST_SUSPENDED_SECONDS:
            doubts.append(
                f"{machine} was suspended for {suspended_seconds:.1f} s in the hold: its processes "
                "did nothing in that time, and its seconds do not count it"
            )
        else:  # a machine that wakes up advances its wall clock by the time it slept
            doubts += _wall_clock_doubts(machine, hold_samples)
    return doubts + _process_doubts(load)


def _suspended_seconds(hold_samples: Sequence[HostSample]) -> float:
    """Return by how much more two clocks were apart at the end of the hold than when it began.

    It is no counter: the difference of two clocks falls and rises by what reading them takes, and a
    machine that is started again begins at 0.
    """
    readings = [
        sample.conditions.suspended_seconds
        for sample in hold_samples
        if sample.conditions and sample.conditions.suspended_seconds is not None
    ]
    return readings[-1] - readings[0] if readings else 0.0


def _wall_clock_doubts(machine: str, hold_samples: Sequence[HostSample]) -> list[str]:
    seconds_ahead = [
        sample.conditions.wall_ahead_seconds
        for sample in hold_samples
        if sample.conditions and sample.conditions.wall_ahead_seconds is not None
    ]
    if not seconds_ahead or max(seconds_ahead) - min(seconds_ahead) <= MOST_APART_SECONDS:
        return []
    largest_change = max((seconds - seconds_ahead[0] for seconds in seconds_ahead), key=abs)
    direction = "ahead" if largest_change > 0 else "back"
    doubt = (
        f"the wall clock of {machine} was set {direction} by {abs(largest_change):.2f} s in the "
        "hold"
    )
    return [f"{doubt}: tor's own timers go by it"]


def _process_doubts(load: MeasuredLoad) -> list[str]:
    """Return a doubt for each machine whose processes do not count the same seconds."""
    doubts = []
    for machine, offsets in _offsets(load).items():
        earliest_name, latest_name = (
            min(offsets, key=offsets.__getitem__),
            max(offsets, key=offsets.__getitem__),
        )
        difference_seconds = offsets[latest_name] - offsets[earliest_name]
        if difference_seconds > MOST_APART_SECONDS:
            doubts.append(
                f"the seconds of {latest_name} are {difference_seconds:.2f} s ahead of those of "
                f"{earliest_name}: the wall "
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
    for name, samples in (
        named_samples for samples_by_name in writers for named_samples in samples_by_name.items()
    ):
        machine = machine_of(manifest, host_of(manifest, name))
        sample_offsets = [
            sample.wall_seconds - sample.monotonic_seconds
            for sample in samples
            if sample.second in load.hold.seconds
        ]
        if sample_offsets and machine_facts(manifest, machine) is not None:
            offsets.setdefault(machine, {})[name] = statistics.median(sample_offsets)
    return offsets


def _apart_doubts(manifest: Manifest) -> list[str]:
    """Name the two hosts whose clocks are furthest apart, if that blurs seconds.

    A host without an offset has the clock of the machine that ran the command.
    """
    roles = roles_by_host(manifest)
    offsets = {
        host.name: host.clock_offset_seconds or 0.0 for host in manifest.hosts if host.name in roles
    }
    if not offsets:
        return []
    earliest_host, latest_host = (
        min(offsets, key=offsets.__getitem__),
        max(offsets, key=offsets.__getitem__),
    )
    difference_seconds = offsets[latest_host] - offsets[earliest_host]
    if difference_seconds <= MOST_APART_SECONDS:
        return []
    doubt = (
        f"the clock of {latest_host} is {difference_seconds:.2f} s ahead of that of "
        f"{earliest_host}: what one counts in a "
        "second the other counts partly in the next"
    )
    return [doubt]

"""Check whether CPU was withheld: threads waited although the allowed cores were not full.

A quota above a container's own group, an affinity or a hypervisor cannot always be seen. Its effect
can: threads that are ready to run wait, or a control group reports that it was throttled. Threads
that come in bursts wait a little on any machine, more the fuller it is (a queue with several
servers: Sakasegawa, 1977), so only waiting well beyond that counts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.hosts.counters import Rise, rise
from onionrig.analysis.hosts.cpu import elapsed_seconds, increases, samples_around
from onionrig.analysis.hosts.facts import host_of, machine_of
from onionrig.analysis.limits.findings import LimitCheck, LimitFinding
from onionrig.analysis.limits.full_cpu import FULL, host_uses
from onionrig.records.findings import Evidence
from onionrig.units import cores_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.limits.full_cpu import HostUse
    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.samples import HostSample

THROTTLED_SHARE = 0.05
"""Share of the core-seconds allowed in the hold for which a group may be throttled before it counts
as withheld CPU (a judgement)."""
ALWAYS_WAITING = 1.0
"""Mean number of threads that may wait in any case (a judgement)."""
TIMES_THE_QUEUE = 5.0
"""Factor by which waiting may exceed the queue of random arrivals. Tors wake together, as the same
cells pass them and their schedulers tick: three to five times the queue waited where nothing was
withheld, and about twenty times where a rig had one of two cores (docs/lab-notes.md)."""


class WaitingThreads(msgspec.Struct, frozen=True, kw_only=True):
    """Threads that waited for a CPU of one machine over the hold."""

    host: str
    threads: float | None
    """Mean number of main threads that were ready and waited; None if not recorded."""
    most_threads: float
    """Number of waiting threads from which CPU was withheld."""
    throttled_seconds: float
    """Time for which the groups were throttled in the hold, summed over CPUs."""
    throttled_share: float
    """The same as a share of the core-seconds that were allowed."""
    throttled_periods: Rise | None
    """Periods of their quotas in which groups were throttled; None if not recorded."""
    quota_periods: Rise | None
    used_cores: float
    cores: float

    @property
    def withheld(self) -> bool:
        """True if CPU that was allowed was not given."""
        has_waited = self.threads is not None and self.threads > self.most_threads
        return has_waited or self.throttled_share > THROTTLED_SHARE


def waitings(load: MeasuredLoad, all_uses: Sequence[HostUse]) -> list[WaitingThreads]:
    """Return the waiting threads of each sampled machine whose CPU was not full."""
    uses = {use.host: use for use in all_uses if use.cores and not use.full}
    limited_hosts = {host.name for host in load.manifest.emulated if host.cpu_cores is not None}
    threads: dict[str, float] = {}
    throttled: dict[str, float] = {}
    most_throttled_samples: dict[str, list[HostSample]] = {}
    for name, samples in load.recording.samplers.items():
        hold_samples, host = samples_around(samples, load.hold), host_of(load.manifest, name)
        machine = machine_of(load.manifest, host)
        if not hold_samples or machine not in uses:
            continue
        throttled_seconds = _throttled_seconds(hold_samples)
        if throttled_seconds > throttled.get(machine, -1.0):
            throttled[machine], most_throttled_samples[machine] = throttled_seconds, hold_samples
        waiting_threads = _waiting_threads(hold_samples)
        if waiting_threads is not None and host not in limited_hosts:
            threads[machine] = threads.get(machine, 0.0) + waiting_threads
    return [
        WaitingThreads(
            host=machine,
            threads=threads.get(machine),
            most_threads=most_waiting_threads(use.fullness, use.cores or 1.0),
            throttled_seconds=throttled[machine],
            throttled_share=throttled[machine]
            / (max(1.0, use.cores or 0.0) * elapsed_seconds(most_throttled_samples[machine])),
            throttled_periods=rise(
                most_throttled_samples[machine], lambda sample: sample.throttled_periods
            ),
            quota_periods=rise(
                most_throttled_samples[machine], lambda sample: sample.quota_periods
            ),
            used_cores=use.rig_cores if use.restriction else use.used_cores,
            cores=use.cores or 0.0,
        )
        for machine, use in uses.items()
        if machine in throttled
    ]


def most_waiting_threads(fullness: float, cores: float) -> float:
    """Return how many threads may wait on average if nothing withholds CPU."""
    return ALWAYS_WAITING + TIMES_THE_QUEUE * _queue(fullness, cores)


def check_withheld_cpu(load: MeasuredLoad) -> LimitCheck:
    """Name the host whose CPU was withheld."""
    all_waiting = waitings(load, host_uses(load))
    finding = next((_finding(waiting) for waiting in all_waiting if waiting.withheld), None)
    return LimitCheck(
        evidence=tuple(_evidence(waiting) for waiting in all_waiting if _is_evidence(waiting)),
        finding=finding,
    )


def withheld_cpu_doubts(load: MeasuredLoad, uses: Sequence[HostUse]) -> list[str]:
    """Return a doubt for each host whose CPU was withheld."""
    return [_text(waiting) for waiting in waitings(load, uses) if waiting.withheld]


def _text(waiting: WaitingThreads) -> str:
    """Describe what waited although CPU should have been available."""
    effects = []
    if waiting.threads is not None:
        effects.append(f"{waiting.threads:.1f} threads on average were ready to run and waited")
    if waiting.throttled_share > THROTTLED_SHARE:
        effects.append(
            f"its group was throttled for {waiting.throttled_seconds:.1f} s (summed over cores)"
            f"{_periods_text(waiting)}"
        )
    return (
        f"CPU of {waiting.host} was withheld: {' and '.join(effects)} although the hold used "
        f"{waiting.used_cores:.2f} of {cores_text(waiting.cores)}"
    )


def _periods_text(waiting: WaitingThreads) -> str:
    """Report in how many periods of its quota the group was throttled, if that is known."""
    if (
        not waiting.throttled_periods
        or not waiting.quota_periods
        or not waiting.quota_periods.amount
    ):
        return ""
    return (
        f", in {waiting.throttled_periods.amount:.0f} of the "
        f"{waiting.quota_periods.amount:.0f} periods of its quota,"
    )


def _finding(waiting: WaitingThreads) -> LimitFinding:
    return LimitFinding(kind="CPU withheld", subject=waiting.host, sentence=_text(waiting))


def _is_evidence(waiting: WaitingThreads) -> bool:
    return waiting.threads is not None or waiting.withheld


def _evidence(waiting: WaitingThreads) -> Evidence:
    throttled_text = (
        f", throttled for {waiting.throttled_seconds:.1f} s (summed over cores)"
        if waiting.throttled_seconds
        else ""
    )
    return Evidence(
        what=f"threads that waited for a CPU of {waiting.host}{throttled_text}",
        measured=waiting.threads or 0.0,
        limit=waiting.most_threads,
        unit="threads",
        at_limit=waiting.withheld,
    )


def _queue(fullness: float, cores: float) -> float:
    """Return the mean number of waiting threads for random arrivals (Sakasegawa)."""
    busy_share = min(max(fullness, 0.0), FULL)
    return float(busy_share ** math.sqrt(2 * (cores + 1)) / (1 - busy_share))


def _waiting_threads(hold_samples: list[HostSample]) -> float | None:
    counts = [
        {
            name: use.main_thread_wait_seconds
            for name, use in sample.processes.items()
            if use.main_thread_wait_seconds is not None
        }
        for sample in hold_samples
    ]
    if not any(counts):
        return None
    return sum(increases(counts).values()) / elapsed_seconds(hold_samples)


def _throttled_seconds(hold_samples: list[HostSample]) -> float:
    throttled_rise = rise(hold_samples, lambda sample: sample.throttled_seconds)
    return throttled_rise.amount if throttled_rise else 0.0

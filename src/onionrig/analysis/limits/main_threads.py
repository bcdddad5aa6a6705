"""Check whether a process's main thread used a full core.

tor moves all its cells in its main thread, and our own source and sink have a single thread: none
of them can use more than one core, however many there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.hosts.cpu import samples_around
from onionrig.analysis.hosts.facts import on_host_text
from onionrig.analysis.limits.findings import LimitCheck, LimitFinding
from onionrig.records.findings import Evidence
from onionrig.rig.model import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.samples import HostSample

FULL_CORES = 0.95
TORS = (Role.AUTHORITY, Role.RELAY, Role.BACKEND, Role.CLIENT, Role.BALANCER_TOR)
OURS = (Role.SOURCE, Role.SINK)


def check_main_threads(load: MeasuredLoad) -> LimitCheck:
    """Name the busiest main thread if it used a full core, a tor's before our own.

    The evidence is the busiest of each role, and every other one that used a full core.
    """
    threads_by_role: dict[str, list[tuple[float, str]]] = {}
    for samples in load.recording.samplers.values():
        for name, cores in _main_thread_cores(samples_around(samples, load.hold)).items():
            role = load.manifest.roles.get(name, name)
            threads_by_role.setdefault(role, []).append((cores, name))
    evidence, full_threads = list[Evidence](), list[tuple[float, str]]()
    for role in (*TORS, *OURS):
        for rank, (cores, name) in enumerate(sorted(threads_by_role.get(role, ()), reverse=True)):
            at_limit = cores >= FULL_CORES
            full_threads += [(cores, name)] if at_limit else []
            if at_limit or rank == 0:
                evidence.append(_evidence(load, name, cores, at_limit=at_limit))
    our_names = {name for role in OURS for _, name in threads_by_role.get(role, ())}
    sorted_threads = sorted(full_threads, key=lambda thread: (thread[1] in our_names, -thread[0]))
    return LimitCheck(
        evidence=tuple(evidence),
        finding=_finding(load, *sorted_threads[0], is_ours=sorted_threads[0][1] in our_names)
        if full_threads
        else None,
    )


def _finding(load: MeasuredLoad, cores: float, name: str, *, is_ours: bool) -> LimitFinding:
    host_text = on_host_text(load.manifest, name)
    sentence = f"the main thread of {name}{host_text} used a full core ({cores:.2f})"
    return LimitFinding(
        kind="main thread",
        subject=name,
        sentence=f"the rig itself was the limit: {sentence}" if is_ours else sentence,
    )


def _evidence(load: MeasuredLoad, name: str, cores: float, *, at_limit: bool) -> Evidence:
    return Evidence(
        what=f"main thread of {name}{on_host_text(load.manifest, name)}",
        measured=cores,
        limit=1.0,
        unit="cores",
        at_limit=at_limit,
    )


def _main_thread_cores(samples: Sequence[HostSample]) -> dict[str, float]:
    """Return the share of a core that each main thread used from its first sample to its last.

    A process that was started again counts from its last start.
    """
    first: dict[str, tuple[float, float]] = {}
    last: dict[str, tuple[float, float]] = {}
    for sample in samples:
        for name, use in sample.processes.items():
            if use.thread_cpu_seconds:
                reading = (sample.monotonic_seconds, use.thread_cpu_seconds[0])
                if name not in first or reading[1] < last[name][1]:
                    first[name] = reading
                last[name] = reading
    return {
        name: (last[name][1] - cpu) / (last[name][0] - second)
        for name, (second, cpu) in first.items()
        if last[name][0] > second
    }

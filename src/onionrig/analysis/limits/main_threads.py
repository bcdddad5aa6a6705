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
    busiest: dict[str, list[tuple[float, str]]] = {}
    for samples in load.recording.samplers.values():
        for name, cores in _main_thread_cores(samples_around(samples, load.hold)).items():
            role = load.manifest.roles.get(name, name)
            busiest.setdefault(role, []).append((cores, name))
    evidence, full = list[Evidence](), list[tuple[float, str]]()
    for role in (*TORS, *OURS):
        for place, (cores, name) in enumerate(sorted(busiest.get(role, ()), reverse=True)):
            at_limit = cores >= FULL_CORES
            full += [(cores, name)] if at_limit else []
            if at_limit or place == 0:
                evidence.append(_evidence(load, name, cores, at_limit=at_limit))
    ours = {name for role in OURS for _, name in busiest.get(role, ())}
    ranked = sorted(full, key=lambda used: (used[1] in ours, -used[0]))
    return LimitCheck(
        evidence=tuple(evidence),
        finding=_finding(load, *ranked[0], ours=ranked[0][1] in ours) if full else None,
    )


def _finding(load: MeasuredLoad, cores: float, name: str, *, ours: bool) -> LimitFinding:
    place = on_host_text(load.manifest, name)
    sentence = f"the main thread of {name}{place} used a full core ({cores:.2f})"
    return LimitFinding(
        kind="main thread",
        subject=name,
        sentence=f"the rig itself was the limit: {sentence}" if ours else sentence,
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
                read = (sample.monotonic_seconds, use.thread_cpu_seconds[0])
                if name not in first or read[1] < last[name][1]:
                    first[name] = read
                last[name] = read
    return {
        name: (last[name][1] - cpu) / (last[name][0] - at)
        for name, (at, cpu) in first.items()
        if last[name][0] > at
    }

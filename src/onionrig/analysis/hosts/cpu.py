"""CPU time that processes used between the samples of a sampler.

Counters of a process run from its start, so what it used over a window is the difference between
two samples: from the one that closes as the window begins to the window's last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.windows import Window
    from onionrig.records.samples import HostSample, ProcessUse


def samples_around(samples: Sequence[HostSample], window: Window) -> list[HostSample]:
    """Return the samples from the one that closes as the window begins to its last.

    The list is empty where there are fewer than two, or no time lies between them: no difference
    can be taken.
    """
    around = [sample for sample in samples if window.begin - 1 <= sample.second < window.end]
    return around if len(around) > 1 and elapsed_seconds(around) > 0 else []


def elapsed_seconds(samples: Sequence[HostSample]) -> float:
    """Return the time between the first and the last of these samples."""
    return samples[-1].monotonic_seconds - samples[0].monotonic_seconds


def used_cpu_seconds(samples: Sequence[HostSample]) -> dict[str, float]:
    """Return what each process used between the first and the last of these samples.

    A process that started in between counts from its start, one that ended up to its last sample;
    a counter that has fallen is another process under the same name.
    """
    known = {name: cpu_seconds(use) for name, use in samples[0].processes.items()}
    used: dict[str, float] = {}
    for sample in samples[1:]:
        for name, use in sample.processes.items():
            now, before = cpu_seconds(use), known.get(name, 0.0)
            used[name] = used.get(name, 0.0) + (now - before if now >= before else now)
            known[name] = now
    return used


def cpu_seconds(use: ProcessUse) -> float:
    """Return what a process has used since it began, user and system together."""
    return use.cpu_user_seconds + use.cpu_system_seconds

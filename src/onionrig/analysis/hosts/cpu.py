"""Compute the CPU time that services used between the samples of a sampler.

Counters run from a process's start, so its use over a window is the difference of two samples: from
the one that closes as the window begins to the window's last. If a service has a control group of
its own, the group's count is used, since it includes whatever lived too short to be sampled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from onionrig.analysis.load.windows import Window
    from onionrig.records.samples import HostSample, ProcessUse

Counts = dict[str, float]
"""CPU-seconds by service since the service began."""


def samples_around(samples: Sequence[HostSample], window: Window) -> list[HostSample]:
    """Return the samples of a window, from the one that closes as it begins to its last.

    The list is empty if there are fewer than two, or no time lies between them, since no difference
    can be taken then.
    """
    surrounding_samples = [
        sample for sample in samples if window.begin - 1 <= sample.second < window.end
    ]
    return (
        surrounding_samples
        if len(surrounding_samples) > 1 and elapsed_seconds(surrounding_samples) > 0
        else []
    )


def elapsed_seconds(samples: Sequence[HostSample]) -> float:
    """Return the time between the first and the last of these samples."""
    return samples[-1].monotonic_seconds - samples[0].monotonic_seconds


def used_cpu_seconds(samples: Sequence[HostSample]) -> Counts:
    """Return each service's CPU-seconds between the first and the last of these samples.

    A process that started in between counts from its start, one that ended counts up to its last
    sample; a counter that has fallen belongs to another process under the same name.
    """
    return increases(cpu_counts(samples))


def used_by_processes_seconds(samples: Sequence[HostSample]) -> Counts:
    """Return the CPU-seconds of the sampled processes, whatever their control groups counted."""
    return increases([_of_processes(sample) for sample in samples])


def used_by_groups_seconds(samples: Sequence[HostSample]) -> Counts:
    """Return the CPU-seconds of the control groups of services that have one in every sample."""
    grouped_names = _grouped_names(samples)
    return increases(
        [
            {name: used_seconds for name, used_seconds in counts.items() if name in grouped_names}
            for counts in cpu_counts(samples)
        ]
    )


def cpu_counts(samples: Sequence[HostSample]) -> list[Counts]:
    """Return each sample's counts: the control group's if every sample of a service has it."""
    grouped_names = _grouped_names(samples)
    return [{**_of_processes(sample), **_of_groups(sample, grouped_names)} for sample in samples]


def _grouped_names(samples: Iterable[HostSample]) -> set[str]:
    """Name the services whose samples all have the count of a control group."""
    names_with_group: set[str] = set()
    names_without_group: set[str] = set()
    for sample in samples:
        for name, use in sample.processes.items():
            (names_without_group if use.cgroup_cpu_seconds is None else names_with_group).add(name)
    return names_with_group - names_without_group


def _of_processes(sample: HostSample) -> Counts:
    return {name: _cpu_seconds(use) for name, use in sample.processes.items()}


def _of_groups(sample: HostSample, grouped_names: set[str]) -> Counts:
    return {
        name: use.cgroup_cpu_seconds
        for name, use in sample.processes.items()
        if name in grouped_names and use.cgroup_cpu_seconds is not None
    }


def increases(counts: Sequence[Counts]) -> Counts:
    """Return how much each counter rose; one that has fallen started again from 0."""
    if not counts:
        return {}
    last_counts = dict(counts[0])
    used_seconds: Counts = {}
    for next_counts in counts[1:]:
        for name, count in next_counts.items():
            previous_count = last_counts.get(name, 0.0)
            used_seconds[name] = used_seconds.get(name, 0.0) + (
                count - previous_count if count >= previous_count else count
            )
            last_counts[name] = count
    return used_seconds


def _cpu_seconds(use: ProcessUse) -> float:
    """Return the CPU-seconds of a process since it began, user and system together."""
    return use.cpu_user_seconds + use.cpu_system_seconds

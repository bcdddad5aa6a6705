"""Compute how much the counters of a host's kernel rose over the hold.

Some are read every other second, and are null in between. The difference is that of the first and
the last reading. Emulated hosts share the counters of their machine, and each has those of its own
network namespace.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.hosts.cpu import elapsed_seconds, samples_around
from onionrig.analysis.hosts.facts import host_of, machine_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.samples import HostSample, MachineConditions, NetworkCounts

Samples = list["HostSample"]
WRAPS_AT = 1 << 32
"""Value at which counters of 32 bits begin again at 0: those that a network driver keeps itself on
32-bit ARM (``struct net_device_stats`` of the kernel counts in ``unsigned long``)."""
NEAR_THE_WRAP = WRAPS_AT // 4
"""Distance from the wrap within which a counter lies before and after it: a gigabyte, which takes a
second at 8 Gbit/s."""


class Rise(msgspec.Struct, frozen=True, kw_only=True):
    """The rise of a counter, and the time that it took."""

    amount: float
    seconds: float

    @property
    def per_second(self) -> float:
        """Mean rise per second; for a counter of seconds, the share of the time."""
        return self.amount / self.seconds

    @property
    def share(self) -> float:
        """Share of the time that a counter of seconds counted, 1 at most."""
        return min(1.0, self.per_second)


def samples_by_host(load: MeasuredLoad) -> dict[str, Samples]:
    """Return the samples around the hold of each host that has them."""
    samples = {
        host_of(load.manifest, name): samples_around(samples, load.hold)
        for name, samples in load.recording.samplers.items()
    }
    return {host: host_samples for host, host_samples in samples.items() if host_samples}


def samples_by_machine(load: MeasuredLoad) -> dict[str, Samples]:
    """Return the samples around the hold of each machine, from the first of several samplers."""
    machines: dict[str, Samples] = {}
    for host, host_samples in samples_by_host(load).items():
        machines.setdefault(machine_of(load.manifest, host), host_samples)
    return machines


def rise(samples: Sequence[HostSample], count: Callable[[HostSample], float | None]) -> Rise | None:
    """Return how much a counter rose, or None if it was not read twice."""
    counted_samples = [sample for sample in samples if count(sample) is not None]
    if len(counted_samples) < 2 or elapsed_seconds(counted_samples) <= 0:  # noqa: PLR2004 - a difference takes two
        return None
    counts = [count(sample) or 0.0 for sample in counted_samples]
    amount = sum(increase(previous, current) for previous, current in pairwise(counts))
    return Rise(amount=amount, seconds=elapsed_seconds(counted_samples))


def increase(previous: float, current: float) -> float:
    """Return how much a counter rose between two readings, also if it is lower than before.

    One that has fallen far began again: at 0 after its 32 bits were full, or because what it
    belongs to was started again. One that is only a little lower is a sum over CPUs or interfaces
    of which one has gone, or a difference of two clocks, and has not risen.
    """
    if current >= previous:
        return current - previous
    if WRAPS_AT - NEAR_THE_WRAP <= previous < WRAPS_AT and current < NEAR_THE_WRAP:
        return current - previous + WRAPS_AT
    return current if current < previous / 2 else 0.0


def condition_rise(
    samples: Sequence[HostSample], count: Callable[[MachineConditions], float | None]
) -> Rise | None:
    """Return how much one of the machine's counters rose."""
    return rise(
        samples, lambda sample: None if sample.conditions is None else count(sample.conditions)
    )


def network_rise(
    samples: Sequence[HostSample], count: Callable[[NetworkCounts], float | None]
) -> Rise | None:
    """Return how much one of the network namespace's counters rose."""
    return rise(samples, lambda sample: None if sample.network is None else count(sample.network))

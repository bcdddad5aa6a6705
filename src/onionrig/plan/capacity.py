"""What each limit of one host lets it serve, with as many daemons as it can use. Rates: sustained.

docs/planning.md derives these. A tor has one main thread, which does nearly all of its work, so a
daemon can use one core at most, and more daemons than cores add nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from onionrig.plan.inputs import BYTES_PER_MIB, judged
from onionrig.plan.ranges import around, at_most, exactly, minus, over, plus, times
from onionrig.records.plan import Input, Range

if TYPE_CHECKING:
    from onionrig.plan.hosts import PlannedHost
    from onionrig.plan.reference import Reference

BITS_PER_GBIT = 1e9
SYSTEM_MIB = 200
"""Memory that the operating system takes before anything of the rig runs."""
SYSTEM_SPREAD = 0.25


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """One host's limits, scaled."""

    link_rate: Range
    """Rate of the host's link, counting frames."""
    link: Range
    """Goodput that the host's link carries."""
    cpu: Range
    """Goodput that all cores serve together, with the source and the sampler beside the daemons."""
    thread: Range
    """Goodput that one daemon's main thread serves."""
    cores: float
    most_by_cores: int
    """Number of daemons: one per core, at least one."""
    most_by_memory: int
    """Number of daemons that fit into memory, at the likely figures; 0 if not even one does."""
    inputs: tuple[Input, ...]


def capacity(host: PlannedHost, reference: Reference, scale: float) -> Capacity:
    """Return the limits of one host."""
    slower = host.slowdown.value
    a_daemon = times(reference.backend_cost.value, slower)
    in_all = times(plus(reference.backend_cost.value, reference.source_cost.value), slower)
    steady = reference.steadiness.value
    cores = host.cores.value.likely
    # the sampler is one process per host, whatever the load: subtract it first
    remaining_cores = minus(exactly(cores * scale), times(host.sampler_cores.value, slower, scale))
    system = judged(
        "memory of the operating system",
        times(around(SYSTEM_MIB, SYSTEM_SPREAD), BYTES_PER_MIB),
        "B",
        "a server image without a desktop, a judgement",
    )
    return Capacity(
        link_rate=times(host.link.value, scale),
        link=times(
            host.link.value,
            scale,
            reference.payload_share.value,
            reference.link_steadiness.value,
        ),
        cpu=times(over(remaining_cores, in_all), BITS_PER_GBIT, steady),
        thread=times(over(at_most(1.0, remaining_cores), a_daemon), BITS_PER_GBIT, steady),
        cores=cores * scale,
        most_by_cores=host.core_count,
        most_by_memory=_most_by_memory(host, reference, system),
        inputs=(
            *host.inputs,
            reference.backend_cost,
            reference.source_cost,
            reference.payload_share,
            reference.steadiness,
            reference.link_steadiness,
            reference.backend_rss_bytes,
            reference.source_rss_bytes,
            reference.sampler_rss_bytes,
            system,
        ),
    )


def memory_bytes(reference: Reference, daemons: int) -> Range:
    """Return the memory that the rig's processes on one host take."""
    return plus(
        times(reference.backend_rss_bytes.value, daemons),
        reference.source_rss_bytes.value,
        reference.sampler_rss_bytes.value,
    )


def _most_by_memory(host: PlannedHost, reference: Reference, system: Input) -> int:
    beside = memory_bytes(reference, 0).likely + system.value.likely
    free = host.memory_bytes.value.likely - beside
    return max(0, math.floor(free / reference.backend_rss_bytes.value.likely))

"""Check whether a machine was short of memory: threads waited, it swapped, the kernel killed.

Pressure is the kernel's own count of the time in which threads waited for memory to be freed or
read back. Some kernels do not count it; major page faults, which read memory back from a disk, are
used instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.hosts.counters import (
    Rise,
    condition_rise,
    network_rise,
    samples_by_host,
    samples_by_machine,
)
from onionrig.analysis.limits.findings import LimitCheck, LimitFinding
from onionrig.records.findings import Evidence
from onionrig.units import percent_text, size_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.samples import HostSample

MOST_WAITED_SHARE = 0.05
"""Share of the hold in which threads may wait for memory before the figures are in doubt (a
judgement): a machine with enough memory has none."""
BOTTLENECK_SHARE = 0.2
"""Share of the hold from which waiting for memory counts as the bottleneck (a judgement)."""
MOST_SWAPPED_BYTES_PER_SECOND = 1 << 20
"""Bytes per second that may be swapped in and out: a kernel swaps a little unused memory out."""
MOST_FAULTS_PER_SECOND = 50.0
"""Major page faults per second that may occur where pressure is not counted: an SD card needs some
10 ms for each."""
MOST_TCP_SHARE = 0.01
"""Share of the hold in which TCP may be at the limit of its memory (a judgement)."""


class Shortage(msgspec.Struct, frozen=True, kw_only=True):
    """Signs that memory was short on a machine; None if not recorded."""

    machine: str
    waited: Rise | None
    """Time in which at least one thread waited for memory."""
    waited_all: Rise | None
    """Time in which every thread that was not idle waited for memory."""
    swapped_in: Rise | None
    swapped_out: Rise | None
    faults: Rise | None
    kills: float


def check_memory(load: MeasuredLoad) -> LimitCheck:
    """Name the machine whose threads waited for memory, or whose TCP reached its limit."""
    shortages = _shortages(load)
    findings = [
        LimitFinding(kind="memory", subject=shortage.machine, sentence=sentence)
        for shortage in shortages
        if shortage.waited and shortage.waited.share > BOTTLENECK_SHARE
        for sentence in _waited_texts(shortage)
    ] + [
        LimitFinding(kind="memory", subject=host, sentence=_tcp_text(host, times, waited))
        for host, times, waited in _tcp_shortages(load)
        if waited and waited.share > BOTTLENECK_SHARE
    ]
    return LimitCheck(
        evidence=tuple(
            Evidence(
                what=f"time in which threads of {shortage.machine} waited for memory",
                measured=shortage.waited.amount,
                limit=BOTTLENECK_SHARE * shortage.waited.seconds,
                unit="seconds",
                at_limit=shortage.waited.share > BOTTLENECK_SHARE,
            )
            for shortage in shortages
            if shortage.waited
        ),
        finding=findings[0] if findings else None,
    )


def memory_doubts(load: MeasuredLoad) -> list[str]:
    """Return a doubt for each sign that memory was short."""
    return [
        doubt
        for shortage in _shortages(load)
        for doubt in (*_waited_texts(shortage), *_swapped_texts(shortage), *_kill_texts(shortage))
    ] + [_tcp_text(*shortage) for shortage in _tcp_shortages(load)]


def _shortages(load: MeasuredLoad) -> list[Shortage]:
    return [
        _shortage(machine, machine_samples)
        for machine, machine_samples in samples_by_machine(load).items()
    ]


def _shortage(machine: str, machine_samples: Sequence[HostSample]) -> Shortage:
    kills = (
        condition_rise(machine_samples, lambda counts: counts.oom_kills),
        condition_rise(machine_samples, lambda counts: counts.group_oom_kills),
    )
    return Shortage(
        machine=machine,
        waited=condition_rise(machine_samples, lambda counts: counts.memory_pressure_seconds),
        waited_all=condition_rise(
            machine_samples, lambda counts: counts.full_memory_pressure_seconds
        ),
        swapped_in=condition_rise(machine_samples, lambda counts: counts.swapped_in_bytes),
        swapped_out=condition_rise(machine_samples, lambda counts: counts.swapped_out_bytes),
        faults=condition_rise(machine_samples, lambda counts: counts.major_faults),
        kills=max((count.amount for count in kills if count), default=0.0),
    )


def _waited_texts(shortage: Shortage) -> list[str]:
    if shortage.waited is None:
        return _faults_texts(shortage)
    if shortage.waited.share <= MOST_WAITED_SHARE:
        return []
    doubt = (
        f"{shortage.machine} was short of memory: threads waited for memory for "
        f"{percent_text(shortage.waited.share)} of the hold"
    )
    if shortage.waited_all:
        doubt += f", all threads that were not idle for {percent_text(shortage.waited_all.share)}"
    return [doubt]


def _faults_texts(shortage: Shortage) -> list[str]:
    """Report how often memory was read back from a disk, where pressure is not counted."""
    if shortage.faults is None or shortage.faults.per_second <= MOST_FAULTS_PER_SECOND:
        return []
    doubt = (
        f"{shortage.machine} was short of memory: memory had to be read back from a disk "
        f"{shortage.faults.per_second:.0f} times per second"
    )
    return [doubt]


def _swapped_texts(shortage: Shortage) -> list[str]:
    swapped_in, swapped_out = shortage.swapped_in, shortage.swapped_out
    if not swapped_in or not swapped_out:
        return []
    if swapped_in.per_second + swapped_out.per_second <= MOST_SWAPPED_BYTES_PER_SECOND:
        return []
    sizes = f"{size_text(swapped_in.amount)} in and {size_text(swapped_out.amount)} out"
    return [f"{shortage.machine} swapped {sizes} in the hold"]


def _kill_texts(shortage: Shortage) -> list[str]:
    if not shortage.kills:
        return []
    processes = "1 process" if shortage.kills == 1 else f"{shortage.kills:.0f} processes"
    return [
        f"the kernel of {shortage.machine} killed {processes} in the hold because memory ran out"
    ]


def _tcp_shortages(load: MeasuredLoad) -> list[tuple[str, Rise, Rise | None]]:
    """Return the hosts whose TCP was at its memory limit: how often, and for how long.

    The time is counted when TCP leaves that state, so it may be 0 although the state was reached.
    """
    shortages = []
    for host, host_samples in samples_by_host(load).items():
        times = network_rise(host_samples, lambda counts: counts.short_of_memory_times)
        waited = network_rise(host_samples, lambda counts: counts.short_of_memory_seconds)
        if times and (waited.share > MOST_TCP_SHARE if waited and waited.amount else times.amount):
            shortages.append((host, times, waited))
    return shortages


def _tcp_text(host: str, times: Rise, waited: Rise | None) -> str:
    if waited and waited.amount:
        extent = f"for {percent_text(waited.share)} of the hold"
    else:
        extent = f"{'once' if times.amount == 1 else f'{times.amount:.0f} times'} in the hold"
    return (
        f"TCP of {host} was at the limit of its memory (net.ipv4.tcp_mem) {extent}: at that limit "
        "buffers shrink and segments are dropped"
    )

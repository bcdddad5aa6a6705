"""Judge whether the figures can be trusted, with each reason not to."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from onionrig.analysis.backends.round_trip import round_trip
from onionrig.analysis.limits.full_cpu import host_uses
from onionrig.analysis.limits.full_tables import table_doubts
from onionrig.analysis.limits.short_memory import memory_doubts
from onionrig.analysis.limits.withheld_cpu import withheld_cpu_doubts
from onionrig.analysis.load.faults import absences, faults_in, service_hosts
from onionrig.analysis.load.loads import events_of
from onionrig.analysis.load.lost_hosts import loss_text, lost_hosts
from onionrig.analysis.trust.agreement import agreement_doubts, source_agreement, tor_agreement
from onionrig.analysis.trust.board_state import board_doubts
from onionrig.analysis.trust.clocks import clock_doubts
from onionrig.analysis.trust.cpu_agreement import (
    cpu_agreement,
    cpu_agreement_doubts,
    missed_cpu,
)
from onionrig.analysis.trust.cpu_noise import cpu_noise, cpu_noise_doubts, unread_cpu
from onionrig.analysis.trust.disks import disk_doubts
from onionrig.analysis.trust.interface_agreement import interface_agreement
from onionrig.analysis.trust.losses import loss_doubts
from onionrig.analysis.trust.trend import trend, trend_doubts
from onionrig.records.events import Scheduled
from onionrig.records.findings import Trust
from onionrig.units import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from onionrig.analysis.load.faults import Absence
    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.samples import TorSample

STARTING_SECONDS = 5
"""Longest time that a tor takes, once started, until it answers at its MetricsPort."""


def trust(load: MeasuredLoad, speed_doubts: Sequence[str] = ()) -> Trust:
    """Return what speaks for and against the figures of one load; never raises.

    ``speed_doubts`` are about the speed of the cores.
    """
    uses = host_uses(load)
    agreements = (source_agreement(load), tor_agreement(load), interface_agreement(load))
    cpu, steadiness = cpu_agreement(load), trend(load)
    doubts = (
        *_counting_doubts(load),
        *(doubt for agreement in agreements for doubt in agreement_doubts(agreement)),
        *clock_doubts(load),
        *cpu_agreement_doubts(cpu),
        *cpu_noise_doubts(uses),
        *withheld_cpu_doubts(load, uses),
        *memory_doubts(load),
        *disk_doubts(load),
        *loss_doubts(load),
        *table_doubts(load),
        *board_doubts(load),
        *trend_doubts(steadiness),
        *speed_doubts,
    )
    unsampled = [] if uses else ["no sampler covers the hold: CPU and interfaces are not known"]
    return Trust(
        trusted=not doubts if load.hold.seconds else None,
        doubts=doubts,
        agreement=agreements,
        noise=cpu_noise(uses),
        trend=steadiness,
        missing=(
            *load.recording.gaps,
            *unsampled,
            *unread_cpu(uses),
            *missed_cpu(cpu),
            *_unanswered(load),
            *_unjudged_trend(load),
            *_unpinged(load),
        ),
        cpu=cpu,
    )


def _counting_doubts(load: MeasuredLoad) -> list[str]:
    """Return doubts about the counts of the sinks themselves, which affect the headline."""
    doubts = [loss_text(lost_host) for lost_host in lost_hosts(load)]
    if load.sink_seconds.corrupt_bytes:
        doubts.append(f"{load.sink_seconds.corrupt_bytes} bytes were not the payload")
    held_seconds, scheduled = len(load.hold.seconds), events_of(load.recording.events, Scheduled)
    missing = load.sink_seconds.missing_in(load.hold)
    if missing:
        doubts.append(
            f"{missing} of {held_seconds} seconds of the hold lack a sample of a sink; what was "
            "not "
            "recorded counts as 0"
        )
    scheduled_seconds = scheduled[-1].end_second - scheduled[-1].hold_second if scheduled else 0
    if 0 < held_seconds < scheduled_seconds:
        doubts.append(f"the hold was cut short: {held_seconds} of {scheduled_seconds} seconds")
    return doubts


def _unanswered(load: MeasuredLoad) -> list[str]:
    """Report which tors did not answer in the hold, and how often.

    Tors that the experiment had ended or hung by then do not count.
    """
    if load.manifest.mode == "without tor" or not load.hold.seconds:
        return []
    request_counts: Counter[str] = Counter()
    silence_counts: Counter[str] = Counter()
    absences_by_service = absences(load.recording.events, service_hosts(load.manifest))
    for samples in load.recording.tors.values():
        for sample in samples:
            # the last request is made as the hold ends
            if load.hold.begin <= sample.second <= load.hold.end:
                request_counts.update(sample.daemons.keys())
                silence_counts.update(
                    name
                    for name, counters in sample.daemons.items()
                    if counters is None and not _was_away(absences_by_service.get(name, ()), sample)
                )
    if not request_counts:
        return ["no tor's own counters were read in the hold"]
    return [
        f"{name} did not answer {count} of {request_counts[name]} requests for its counters"
        for name, count in silence_counts.items()
    ]


def _was_away(absences: Iterable[Absence], sample: TorSample) -> bool:
    """Return True if a tor was kept from answering, or had only just been started again."""
    return any(
        absence.meets(sample.second - STARTING_SECONDS, sample.wall_seconds) for absence in absences
    )


def _unjudged_trend(load: MeasuredLoad) -> list[str]:
    if lost_hosts(load):
        return ["whether the hold was steady is not judged: a host was lost"]
    fault_count = len(faults_in(load.recording, load.hold))
    if not fault_count:
        return []
    faults_text = counted(fault_count, "fault")
    return [f"whether the hold was steady is not judged: the experiment caused {faults_text}"]


def _unpinged(load: MeasuredLoad) -> list[str]:
    if load.manifest.mode == "without tor" or not load.hold.seconds:
        return []
    if round_trip(load).median_in_hold_seconds is not None:
        return []
    return ["no round trip was measured in the hold"]

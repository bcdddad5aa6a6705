"""From a recording to its result: pure, so it can be made again from files alone."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, TypeVar

from onionrig.analysis.costs import costs_by_role
from onionrig.analysis.fairness import jain, not_chosen, smallest_over_mean
from onionrig.analysis.streams import streams
from onionrig.analysis.windows import (
    Window,
    bytes_by_backend,
    bytes_by_second,
    missing_seconds,
    sustained_bits_per_second,
    variation,
)
from onionrig.experiment.checks import WINDOW_SECONDS
from onionrig.records.events import (
    Covered,
    Failed,
    Finished,
    Milestone,
    Reached,
    Scheduled,
    Starved,
)
from onionrig.records.result import (
    BackendShare,
    BringUp,
    Bytes,
    Failure,
    Fairness,
    Goodput,
    Result,
    StarvedBackend,
    Verdict,
)
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.events import AnyEvent
    from onionrig.records.recording import Recording

Kind = TypeVar("Kind")

UNEXPLAINED = Failure(
    error="Killed",
    message="the controller ended without a word: it was killed, or the machine went down",
    exit_code=137,
)


def analyse(recording: Recording) -> Result:
    """Say what a run means; an aborted one as far as it went."""
    manifest = recording.manifest
    complete = bool(_events(recording.events, Finished))
    hold = hold_window(recording)
    goodput = _goodput(recording, hold)
    backends = _backends(recording, hold)
    return Result(
        run=manifest.run,
        started=manifest.started,
        profile=manifest.profile,
        address=manifest.address,
        mode=manifest.mode,
        balancer=manifest.balancer,
        status="complete" if complete else "aborted",
        failure=None if complete else _failure(recording.events),
        verdict=_verdict(recording.target_bits_per_second, goodput, complete=complete),
        goodput=goodput,
        streams=streams(recording.streams_asked, recording.transfers, recording.sinks),
        bytes=_bytes(recording),
        backends=backends,
        fairness=_fairness(recording, backends),
        bring_up_seconds=_bring_up(recording.events),
        costs=costs_by_role(recording.samplers, recording.sinks, hold, manifest.roles),
    )


def hold_window(recording: Recording) -> Window:
    """Return the held seconds: as scheduled, or up to the last sample of an aborted run."""
    scheduled = _events(recording.events, Scheduled)
    if not scheduled:
        return Window(begin=0, end=0)
    begin, end = scheduled[-1].hold_second, scheduled[-1].end_second
    if not _events(recording.events, Finished):
        sampled = [samples[-1].second + 1 for samples in recording.sinks.values() if samples]
        end = max(begin, min(end, max(sampled, default=begin)))
    return Window(begin=begin, end=end)


def _goodput(recording: Recording, hold: Window) -> Goodput:
    counted = bytes_by_second(recording.sinks, hold)
    rates = [size * BITS_PER_BYTE for size in counted]
    enough = len(counted) >= WINDOW_SECONDS
    return Goodput(
        sustained_bits_per_second=sustained_bits_per_second(counted),
        median_second_bits_per_second=statistics.median(rates) if enough else None,
        mean_bits_per_second=statistics.fmean(rates) if enough else None,
        lowest_second_bits_per_second=min(rates) if enough else None,
        highest_second_bits_per_second=max(rates) if enough else None,
        variation=variation(counted) if enough else None,
        steady_seconds=len(counted),
        missing_seconds=missing_seconds(recording.sinks, hold),
    )


def _verdict(target: float | None, goodput: Goodput, *, complete: bool) -> Verdict:
    sustained = goodput.sustained_bits_per_second
    judged = complete and target is not None and sustained is not None
    return Verdict(
        target_bits_per_second=target,
        met=sustained >= target
        if judged and sustained is not None and target is not None
        else None,
    )


def _bytes(recording: Recording) -> Bytes:
    samples = [sample for sink in recording.sinks.values() for sample in sink]
    return Bytes(
        verified=sum(sum(sample.verified_bytes.values()) for sample in samples),
        corrupt=sum(sample.corrupt_bytes for sample in samples),
    )


def _backends(recording: Recording, hold: Window) -> tuple[BackendShare, ...]:
    hosts = recording.manifest.backends
    counted = bytes_by_backend(recording.sinks, hold, hosts)
    total = sum(counted.values())
    return tuple(
        BackendShare(
            name=name,
            host=hosts.get(name, "unknown"),
            bytes=size,
            share=size / total if total else 0.0,
            streams=_mean_streams(recording, hold, name),
        )
        for name, size in counted.items()
    )


def _mean_streams(recording: Recording, hold: Window, backend: str) -> int:
    served = [
        sample.streams.get(backend, 0)
        for samples in recording.sinks.values()
        for sample in samples
        if sample.second in hold.seconds
    ]
    return round(sum(served) / len(hold.seconds)) if len(hold.seconds) else 0


def _fairness(recording: Recording, backends: Sequence[BackendShare]) -> Fairness:
    sizes = [backend.bytes for backend in backends]
    reasons = {event.backend: event.reason for event in _events(recording.events, Starved)}
    covered = _events(recording.events, Covered)
    starved = (
        tuple(
            StarvedBackend(
                name=backend.name,
                reason=reasons.get(backend.name)
                or not_chosen(backend.name, covered, recording.streams_asked),
            )
            for backend in backends
            if not backend.bytes
        )
        if sum(sizes)
        else tuple(StarvedBackend(name=name, reason=reason) for name, reason in reasons.items())
    )
    return Fairness(jain=jain(sizes), smallest_over_mean=smallest_over_mean(sizes), starved=starved)


def _bring_up(events: Sequence[AnyEvent]) -> BringUp:
    reached = {event.reached: event.since_start_seconds for event in _events(events, Milestone)}
    return BringUp(
        network=reached.get(Reached.NETWORK),
        frontend=reached.get(Reached.FRONTEND),
        total=reached.get(Reached.FIRST_BYTE),
    )


def _failure(events: Sequence[AnyEvent]) -> Failure:
    failures = _events(events, Failed)
    if not failures:
        return UNEXPLAINED
    first = failures[0]
    return Failure(error=first.error, message=first.message, exit_code=first.exit_code)


def _events(events: Sequence[AnyEvent], kind: type[Kind]) -> list[Kind]:
    return [event for event in events if isinstance(event, kind)]

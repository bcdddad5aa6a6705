"""Turn a recording into its result: pure, so it can be repeated from files alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.backends.dials import dials
from onionrig.analysis.backends.round_trip import round_trip
from onionrig.analysis.backends.shares import backend_shares, fairness
from onionrig.analysis.backends.tor_circuits import tor_circuits
from onionrig.analysis.hosts.costs import costs_by_role
from onionrig.analysis.hosts.host_figures import host_figures
from onionrig.analysis.hosts.links import links
from onionrig.analysis.limits.bottleneck import bottleneck
from onionrig.analysis.limits.full_cpu import host_uses
from onionrig.analysis.load.aftermath import aftermaths
from onionrig.analysis.load.goodput import UNMEASURED, goodput
from onionrig.analysis.load.loads import complete, events_of, loads
from onionrig.analysis.load.lost_hosts import lost_hosts
from onionrig.analysis.load.streams import streams
from onionrig.analysis.several_runs.holds_known import holds_known
from onionrig.analysis.several_runs.repetitions import all_lost_hosts, combined, summed_bytes
from onionrig.analysis.thresholds import verdict
from onionrig.analysis.trust.core_speed import core_speed_doubts
from onionrig.analysis.trust.cpu_noise import cpu_noise_doubts
from onionrig.analysis.trust.doubts import trust
from onionrig.analysis.yardstick.normalised import (
    carried_over_costs,
    used_seconds_by_machine,
    yardstick,
)
from onionrig.experiment.loads.registry import shape_recorded
from onionrig.records.events import Failed, Milestone, Reached, Scheduled
from onionrig.records.result import BringUp, Bytes, Failure, Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.analysis.load.sink_seconds import SinkSeconds
    from onionrig.records.events import AnyEvent
    from onionrig.records.recording import Recording

UNJUDGED = Verdict(target_bits_per_second=None, met=None)
"""Verdict of a result that has not been compared with its thresholds."""
UNEXPLAINED = Failure(
    error="Killed",
    message="the controller ended without giving a reason: it was killed, or the machine went down",
    exit_code=137,
)


def analyse(recording: Recording) -> Result:
    """Return the result of a run; of an aborted one as far as it went.

    Loads with the same settings are repetitions of one measurement. If a run also has loads with
    other settings, as the run of a sweep has, the figures are those of the first settings. The
    others are points of the sweep and only mentioned here. Their bytes count, so that nothing
    corrupt is hidden.
    """
    measured_loads = loads(recording)
    results = _results(measured_loads)
    repeated_results = [result for result in results if result.settings == results[0].settings]
    combined_result = _with_all_loads(
        _with_knowledge(combined(repeated_results), repeated_results, recording), results
    )
    is_complete = complete(recording)
    recordings = [
        load.recording
        for load, result in zip(measured_loads, results, strict=True)
        if result.settings == combined_result.settings
    ]
    return msgspec.structs.replace(
        combined_result,
        status="complete" if is_complete else "aborted",
        failure=None if is_complete else _failure(recording.events),
        verdict=verdict(
            combined_result, recordings, is_whole=is_complete and not combined_result.lost_hosts
        ),
    )


def _with_knowledge(
    combined_result: Result, holds: Sequence[Result], recording: Recording
) -> Result:
    """Add how precisely the rate is known, if holds went on until it was."""
    until_known = recording.manifest.until_known
    if until_known is None or combined_result.repetitions is None:
        return combined_result
    repetitions = msgspec.structs.replace(
        combined_result.repetitions, known=holds_known(until_known, holds)
    )
    return msgspec.structs.replace(combined_result, repetitions=repetitions)


def results_by_load(recording: Recording) -> list[Result]:
    """Return a result for each load of a run, as if it had been the only one; at least one.

    A load that was held to its end is complete, even if the run failed afterwards.
    """
    return _results(loads(recording))


def _results(measured_loads: Sequence[MeasuredLoad]) -> list[Result]:
    return [
        _with_verdict(_result_of_load(load, number), load)
        for number, load in enumerate(measured_loads, start=1)
    ]


def _with_verdict(result: Result, load: MeasuredLoad) -> Result:
    is_whole = load.complete and not result.lost_hosts
    return msgspec.structs.replace(
        result, verdict=verdict(result, [load.recording], is_whole=is_whole)
    )


def load_number(result: Result, recording: Recording) -> int | None:
    """Return the number of the load that a result is of, from 1, or None if none was scheduled.

    For an old result, which does not record it, the results are computed again.
    """
    load_count = len(events_of(recording.events, Scheduled))
    if not load_count:
        return None
    return min(result.load or analyse(recording).load or load_count, load_count)


def _result_of_load(load: MeasuredLoad, number: int) -> Result:
    manifest, recording = load.manifest, load.recording
    shape = shape_recorded(manifest.experiment)  # None if only another version knows it
    rates = goodput(load) if shape is None or shape.counts_goodput else UNMEASURED
    shares, hosts_lost = backend_shares(load), lost_hosts(load)
    scheduled = events_of(recording.events, Scheduled)
    limit = bottleneck(load)
    used_seconds = used_seconds_by_machine(load)
    cpu_was_taken = bool(cpu_noise_doubts(host_uses(load)))
    core_speed = yardstick(load, rates, limit, used_seconds, cpu_was_taken=cpu_was_taken)
    costs = carried_over_costs(costs_by_role(load), core_speed, used_seconds, manifest.roles)
    return Result(
        run=manifest.run,
        started=manifest.started,
        profile=manifest.profile,
        address=manifest.address,
        mode=manifest.mode,
        balancer=manifest.balancer,
        status="complete" if load.complete else "aborted",
        failure=None if load.complete else _failure(recording.events),
        verdict=UNJUDGED,
        goodput=rates,
        streams=streams(load),
        bytes=_bytes(load.sink_seconds),
        backends=shares,
        fairness=fairness(load, shares),
        bring_up_seconds=_bring_up(recording.events),
        costs=costs,
        bottleneck=limit,
        links=links(load),
        trust=trust(load, core_speed_doubts(core_speed, rates, costs, recording.thresholds)),
        yardstick=core_speed,
        round_trip=round_trip(load),
        tor_circuits=tor_circuits(load),
        dials=dials(recording),
        aftermaths=aftermaths(load),
        settings=scheduled[-1].settings if scheduled else {},
        figures=() if shape is None else shape.figures(recording, load.hold.seconds),
        load=number if scheduled else None,
        hosts=host_figures(load),
        lost_hosts=hosts_lost,
    )


def _with_all_loads(combined_result: Result, results: Sequence[Result]) -> Result:
    """Add what concerns the whole run: bytes, lost hosts, and that there were other loads."""
    other_settings = [
        result.settings for result in results if result.settings != combined_result.settings
    ]
    if not other_settings or combined_result.trust is None:
        return combined_result
    note = (
        f"{len(other_settings)} of {len(results)} loads had other settings: the sweep has their "
        "figures, "
        "not this result"
    )
    return msgspec.structs.replace(
        combined_result,
        bytes=summed_bytes(results),
        lost_hosts=all_lost_hosts(results),
        trust=msgspec.structs.replace(
            combined_result.trust, missing=(*combined_result.trust.missing, note)
        ),
    )


def _bytes(sinks: SinkSeconds) -> Bytes:
    return Bytes(
        verified=sum(sum(by_second.values()) for by_second in sinks.backend_bytes.values()),
        corrupt=sinks.corrupt_bytes,
        unverified=sum(sinks.unverified_bytes.values()),
    )


def _bring_up(events: Sequence[AnyEvent]) -> BringUp:
    seconds_by_milestone = {
        event.reached: event.since_start_seconds for event in events_of(events, Milestone)
    }
    return BringUp(
        network=seconds_by_milestone.get(Reached.NETWORK),
        frontend=seconds_by_milestone.get(Reached.FRONTEND),
        total=seconds_by_milestone.get(Reached.FIRST_BYTE),
    )


def _failure(events: Sequence[AnyEvent]) -> Failure:
    failures = events_of(events, Failed)
    if not failures:
        return UNEXPLAINED
    first_failure = failures[0]
    return Failure(
        error=first_failure.error, message=first_failure.message, exit_code=first_failure.exit_code
    )

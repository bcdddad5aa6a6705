"""Write a result in Prometheus' text format, for node_exporter's textfile collector.

Every metric is a gauge named ``onionrig_…`` in base units and carries the run and its mode, so that
several results can stand in one place. Null values of a result are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from prometheus_client import CollectorRegistry, Gauge, generate_latest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from onionrig.records.result import Result


class Metric(msgspec.Struct, frozen=True):
    """One gauge: its name without the prefix, its help, and each value with its label values."""

    name: str
    description: str
    values: Sequence[tuple[tuple[str, ...], float | None]]
    labels: tuple[str, ...] = ()


def exposition(result: Result) -> str:
    """Return the result as Prometheus reads it."""
    registry = CollectorRegistry()
    common = {"run": result.run, "mode": result.mode}
    for metric in metrics(result):
        known_values = [
            (label_values, value) for label_values, value in metric.values if value is not None
        ]
        if known_values:
            names = (*common, *metric.labels)
            gauge = Gauge(f"onionrig_{metric.name}", metric.description, names, registry=registry)
            for label_values, value in known_values:
                gauge.labels(*common.values(), *label_values).set(value)
    return generate_latest(registry).decode()


def metrics(result: Result) -> Iterator[Metric]:
    """Yield every number of a result."""
    yield from _identity(result)
    yield from _rates(result)
    yield from _load(result)
    yield from _backends(result)
    yield from _costs(result)
    yield from _core_speed(result)
    yield from _findings(result)
    yield from _trust(result)


def _identity(result: Result) -> Iterator[Metric]:
    identity = {
        "started": result.started,
        "profile": result.profile,
        "status": result.status,
        "balancer": result.balancer,
        "address": result.address or "",
    }
    yield Metric(
        "run_info",
        "Identity of the run; always 1",
        [(tuple(identity.values()), 1.0)],
        tuple(identity),
    )
    complete = result.status == "complete"
    yield _single_value(
        "complete", "1: it went through to its end, 0: it was aborted", _flag(complete)
    )
    verdict = result.verdict
    yield _single_value("target_bits_per_second", "Target goodput", verdict.target_bits_per_second)
    yield _single_value("target_met", "1: the target is met, 0: it is missed", _flag(verdict.met))
    labels = ("threshold", "of")
    limits = [
        ((threshold.figure, threshold.of), threshold.limit) for threshold in verdict.thresholds
    ]
    met = [
        ((threshold.figure, threshold.of), float(threshold.outcome == "met"))
        for threshold in verdict.thresholds
    ]
    yield Metric("threshold_limit", "Limit of each threshold", limits, labels)
    yield Metric("threshold_met", "1: it is met, 0: it is missed or not known", met, labels)
    lost = len(result.lost_hosts)
    yield _single_value("lost_hosts", "Hosts that were lost under load; the run went on", lost)


def _rates(result: Result) -> Iterator[Metric]:
    rates = result.goodput
    for name, description, value in (
        ("sustained", "Lowest mean of any 10 consecutive", rates.sustained_bits_per_second),
        ("median_second", "Median of the", rates.median_second_bits_per_second),
        ("mean", "Mean of the", rates.mean_bits_per_second),
        ("lowest_second", "Lowest of the", rates.lowest_second_bits_per_second),
        ("highest_second", "Highest of the", rates.highest_second_bits_per_second),
    ):
        yield _single_value(
            f"goodput_{name}_bits_per_second", f"{description} seconds of the hold", value
        )
    yield _single_value("goodput_variation_ratio", "Standard deviation over mean", rates.variation)
    yield _single_value("hold_seconds", "Seconds that the rates cover", rates.steady_seconds)
    yield _single_value("hold_missing_seconds", "Seconds without a sample", rates.missing_seconds)
    repetitions = result.repetitions
    if repetitions is not None:
        lowest, highest = repetitions.lowest_bits_per_second, repetitions.highest_bits_per_second
        yield _single_value("repetitions", "Holds; other figures: median hold", repetitions.count)
        yield _single_value("repetitions_lowest_bits_per_second", "Lowest sustained rate", lowest)
        yield _single_value(
            "repetitions_highest_bits_per_second", "Highest sustained rate", highest
        )


def _load(result: Result) -> Iterator[Metric]:
    streams, payload, up = result.streams, result.bytes, result.bring_up_seconds
    states = {
        "asked": streams.asked,
        "connected": streams.connected,
        "failed": streams.failed,
        "reconnected": streams.reconnected,
    }
    yield _labelled_values("state", "streams", "Streams by what became of them", states)
    reasons = streams.failed_by_reason
    yield _labelled_values(
        "reason", "stream_failures", "Attempts that ended before the run did", reasons
    )
    first = streams.median_first_byte_seconds
    yield _single_value("first_byte_median_seconds", "Time from dial to first byte", first)
    checks = {
        "verified": payload.verified,
        "corrupt": payload.corrupt,
        "unverified": payload.unverified,
    }
    yield _labelled_values("check", "payload_bytes", "Payload over ramp and hold", checks)
    reached = {"network": up.network, "frontend": up.frontend, "total": up.total}
    yield _labelled_values(
        "reached", "bring_up_seconds", "Time since the start of the run", reached
    )


def _backends(result: Result) -> Iterator[Metric]:
    labels = ("backend", "host")
    backends = [((backend.name, backend.host), backend) for backend in result.backends]
    size = [(label_values, backend.bytes) for label_values, backend in backends]
    share = [(label_values, backend.share) for label_values, backend in backends]
    streams = [(label_values, backend.streams) for label_values, backend in backends]
    yield Metric("backend_bytes", "Payload served in the hold", size, labels)
    yield Metric("backend_share_ratio", "Share of the hold's payload", share, labels)
    yield Metric("backend_streams", "Mean number of streams served", streams, labels)
    fairness = result.fairness
    yield _single_value("fairness_jain_ratio", "Jain's index of the backends' bytes", fairness.jain)
    yield _single_value(
        "backends_starved", "Backend instances without a byte", len(fairness.starved)
    )


def _costs(result: Result) -> Iterator[Metric]:
    costs = result.costs
    cpu = {role: cost.cpu_seconds_per_gbit for role, cost in costs.items()}
    cores = {role: cost.cores for role, cost in costs.items()}
    memory = {role: cost.peak_rss_bytes for role, cost in costs.items()}
    processes = {role: cost.processes for role, cost in costs.items()}
    yield _labelled_values(
        "role", "cpu_seconds_per_gbit", "CPU-seconds per 1e9 bits of goodput", cpu
    )
    yield _labelled_values("role", "cpu_cores", "Mean number of cores in use over the hold", cores)
    yield _labelled_values("role", "peak_rss_bytes", "Memory of the role's largest process", memory)
    yield _labelled_values("role", "processes", "Processes of the role", processes)


def _core_speed(result: Result) -> Iterator[Metric]:
    on_reference = {
        role: cost.reference_core_seconds_per_gbit for role, cost in result.costs.items()
    }
    name, description = "reference_core_seconds_per_gbit", "The cost as on the reference core"
    yield _labelled_values("role", name, description, on_reference)
    yardstick = result.yardstick
    if yardstick is None:
        return
    speeds = [
        ((host.host, moment), speed)
        for host in yardstick.hosts
        for moment, speed in (("before", host.before), ("hold", host.hold), ("after", host.after))
    ]
    readings = {host.host: host.readings for host in yardstick.hosts}
    sustained = yardstick.sustained_on_reference_core_bits_per_second
    yield _single_value("yardstick_version", "Version of the yardstick's work", yardstick.version)
    yield _single_value(
        "core_speed_ratio",
        "Speed of the rig's cores over the reference core's in the hold",
        yardstick.speed,
    )
    yield Metric(
        "host_core_speed_ratio",
        "Speed of a host's cores over the reference core's",
        speeds,
        ("host", "moment"),
    )
    yield _labelled_values(
        "host", "yardstick_readings", "Readings of the yardstick in the hold", readings
    )
    yield _single_value(
        "goodput_sustained_on_reference_core_bits_per_second",
        "Sustained rate as on the reference core, if a CPU bound it",
        sustained,
    )
    bound = yardstick.arithmetic
    if bound is not None:
        limit = bound.bits_per_second
        yield _single_value(
            "arithmetic_bits_per_second", "Goodput of the cores by arithmetic alone", limit
        )
        yield _single_value("arithmetic_reached_ratio", "Mean goodput over that", bound.reached)


def _findings(result: Result) -> Iterator[Metric]:
    bottleneck, trip, circuits = result.bottleneck, result.round_trip, result.tor_circuits
    if bottleneck is not None:
        values = [((bottleneck.kind, bottleneck.subject or ""), 1.0)]
        description = "Bottleneck of the rate; always 1"
        yield Metric("bottleneck_info", description, values, ("kind", "subject"))
    if trip is not None:
        times = {
            "lowest": trip.lowest_seconds,
            "median in hold": trip.median_in_hold_seconds,
            "highest in hold": trip.highest_in_hold_seconds,
        }
        yield _labelled_values("of", "round_trip_seconds", "Round trip on an idle circuit", times)
    if circuits is not None:
        begun, failed = circuits.rendezvous_begun, circuits.rendezvous_failed
        yield _single_value("rendezvous_circuits_begun", "Circuits begun in the hold", begun)
        yield _labelled_values(
            "reason", "rendezvous_circuits_failed", "Circuits failed in the hold", failed
        )
        rendezvous, introduction = circuits.rendezvous_open, circuits.introduction_circuits
        yield _single_value("rendezvous_circuits_open", "Open at the hold's end", rendezvous)
        yield _single_value("introduction_circuits_open", "Open at the hold's end", introduction)


def _trust(result: Result) -> Iterator[Metric]:
    trust = result.trust
    if trust is not None:
        differences = {agreement.what: agreement.difference for agreement in trust.agreement}
        yield _single_value(
            "trusted", "1: every check that could be made passed", _flag(trust.trusted)
        )
        yield _single_value("doubts", "Reasons not to trust the run", len(trust.doubts))
        yield _labelled_values(
            "count", "agreement_ratio", "Other counts over the sinks', minus 1", differences
        )


def _single_value(name: str, description: str, value: float | None) -> Metric:
    return Metric(name, description, [((), value)])


def _labelled_values(
    label: str, name: str, description: str, values: Mapping[str, float | None]
) -> Metric:
    return Metric(
        name,
        description,
        [((label_value,), value) for label_value, value in values.items()],
        (label,),
    )


def _flag(value: bool | None) -> float | None:  # noqa: FBT001 - three-valued, as records have it
    return None if value is None else float(value)

"""Results made by hand, and what the analysis of findings adds to one."""

from __future__ import annotations

import msgspec

from onionrig.records.findings import (
    Agreement,
    Bottleneck,
    Evidence,
    Noise,
    Repetitions,
    RoundTrip,
    TorCircuits,
    Trend,
    Trust,
)
from onionrig.records.result import (
    BackendShare,
    BringUp,
    Bytes,
    Cost,
    Fairness,
    Goodput,
    Result,
    StreamCounts,
    Verdict,
)

MBIT = 1e6


def trust(*doubts):
    return Trust(
        trusted=not doubts,
        doubts=doubts,
        agreement=(
            Agreement(
                what="sources", sink_bytes=1000, other_bytes=1002, difference=0.002,
                expected=(0.0, 0.01), cause="payload in flight", explained=True,
            ),
        ),
        noise=Noise(
            others_cores=0.01, steal_cores=0.0, machine_busy_cores=1.9, processes_busy_cores=1.95
        ),
        trend=Trend(change=0.01, significance=0.5, steady=True),
        missing=(),
    )  # fmt: skip


def result(sustained_mbit, **more):
    """A result with this sustained rate; the median second is a tenth above it."""
    rate = None if sustained_mbit is None else sustained_mbit * MBIT
    costs = more.get("costs", {"backend": 1.0, "relay": 3.0})
    return Result(
        run=more.get("run", "a-run"),
        started=more.get("started", "2026-01-01T00:00:00+00:00"),
        profile="default",
        address="a" * 56 + ".onion",
        mode="anonymous",
        balancer="stock 0.2.4",
        status=more.get("status", "complete"),
        failure=None,
        verdict=Verdict(target_bits_per_second=None, met=None),
        goodput=Goodput(
            sustained_bits_per_second=rate,
            median_second_bits_per_second=None if rate is None else rate * 1.1,
            mean_bits_per_second=rate,
            lowest_second_bits_per_second=rate,
            highest_second_bits_per_second=rate,
            variation=0.01,
            steady_seconds=10,
            missing_seconds=0,
        ),
        streams=StreamCounts(
            asked=4, connected=4, failed=0, reconnected=0, failed_by_reason={},
            median_first_byte_seconds=0.5,
        ),
        bytes=Bytes(verified=1000, corrupt=0),
        backends=(
            BackendShare(name="backend-1", host="here", bytes=1000, share=1.0, streams=4),
        ),
        fairness=Fairness(jain=1.0, smallest_over_mean=1.0, starved=()),
        bring_up_seconds=BringUp(network=12.0, frontend=30.0, total=31.0),
        costs={
            role: Cost(
                processes=1, cpu_seconds_per_gbit=cost, cores=cost / 10, peak_rss_bytes=10 << 20
            )
            for role, cost in costs.items()
        },
        bottleneck=Bottleneck(
            kind="machine CPU", subject="here", sentence="the machine's CPU was full", evidence=()
        ),
        trust=trust(*more.get("doubts", ())),
        round_trip=RoundTrip(
            lowest_seconds=0.01, median_in_hold_seconds=0.02, highest_in_hold_seconds=0.05
        ),
        settings=more.get("settings", {}),
    )  # fmt: skip


def with_findings(result, *, trusted=True):
    """A result as the analysis of findings leaves it, written by hand."""
    doubts = () if trusted else ("the sources' bytes exceed the sinks' by 3.4 %, unexplained",)
    return msgspec.structs.replace(
        result,
        bottleneck=Bottleneck(
            kind="machine CPU",
            subject="here",
            sentence="All cores of here were full: 1.96 of 2 in use.",
            evidence=(
                Evidence(
                    what="CPU of here",
                    measured=1.96,
                    limit=2.0,
                    unit="cores",
                    at_limit=True,
                    kind="machine CPU",
                ),
                Evidence(
                    what="eth0 of here, sent",
                    measured=0.95e9,
                    limit=1e9,
                    unit="bits per second",
                    at_limit=True,
                    kind="interface",
                ),
                Evidence(
                    what="busiest main thread, client-1",
                    measured=0.41,
                    limit=1.0,
                    unit="cores",
                    at_limit=False,
                ),
                Evidence(
                    what="what the windows allow",
                    measured=301e6,
                    limit=4.1e9,
                    unit="bits per second",
                    at_limit=False,
                ),
                Evidence(
                    what="round trip in the hold",
                    measured=0.21,
                    limit=None,
                    unit="seconds",
                    at_limit=False,
                ),
            ),
        ),
        trust=Trust(
            trusted=trusted,
            doubts=doubts,
            agreement=(
                Agreement(
                    what="sources",
                    sink_bytes=2_250_000_000,
                    other_bytes=2_260_000_000 if trusted else 2_326_500_000,
                    difference=0.0044 if trusted else 0.034,
                    expected=(0.0, 0.01),
                    cause="bytes still on their way when the hold ended",
                    explained=trusted,
                ),
                Agreement(
                    what="interfaces",
                    sink_bytes=None,
                    other_bytes=None,
                    difference=None,
                    expected=None,
                    cause="loopback carries every hop",
                    explained=None,
                ),
            ),
            noise=Noise(
                others_cores=0.03,
                steal_cores=None,
                machine_busy_cores=1.91,
                processes_busy_cores=1.99,
            ),
            trend=Trend(change=-0.004, significance=0.8, steady=True),
            missing=("no thermal zone on this machine",),
        ),
        round_trip=RoundTrip(
            lowest_seconds=0.012, median_in_hold_seconds=0.21, highest_in_hold_seconds=0.48
        ),
        tor_circuits=TorCircuits(
            rendezvous_begun=17,
            rendezvous_failed={"timeout": 1},
            rendezvous_open=16,
            introduction_circuits=12,
        ),
        repetitions=Repetitions(
            count=3,
            sustained_bits_per_second=(288e6, 291e6, None),
            lowest_bits_per_second=288e6,
            highest_bits_per_second=291e6,
            spread=0.01,
        ),
    )

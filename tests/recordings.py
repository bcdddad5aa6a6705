"""Recordings made by hand, for tests of the analysis and the views."""

from __future__ import annotations

from onionrig.records.events import Finished, Milestone, Reached, Scheduled
from onionrig.records.manifest import HostFacts, Manifest, Versions
from onionrig.records.recording import Recording
from onionrig.records.samples import HostSample, ProcessUse, SinkSample
from onionrig.records.transfers import Ending, Transfer

RAMP = 1_000
HOLD = 1_005


def sink_sample(second, verified, *, streams=None, corrupt=0, failed=0):
    return SinkSample(
        second=second,
        monotonic_seconds=float(second) + 0.5,
        wall_seconds=float(second) + 1.0,
        verified_bytes=verified,
        streams=streams if streams is not None else dict.fromkeys(verified, 1),
        connecting=0,
        failed=failed,
        corrupt_bytes=corrupt,
    )


def host_sample(second, cpu_seconds, *, rss=10 << 20):
    return HostSample(
        second=second,
        monotonic_seconds=float(second) + 0.5,
        wall_seconds=float(second) + 1.0,
        processes={
            name: ProcessUse(cpu_user_seconds=used / 2, cpu_system_seconds=used / 2, rss_bytes=rss)
            for name, used in cpu_seconds.items()
        },
        machine_busy_seconds=0.0,
        available_memory_bytes=1 << 30,
    )


def transfer(
    stream=0, attempt=1, *, backend="backend-1", verified=1, ending=Ending.RUN_ENDED, **more
):
    return Transfer(
        stream=stream,
        attempt=attempt,
        client="client-1",
        backend=backend,
        started_wall_seconds=float(RAMP),
        connected_after_seconds=more.get("connected", 0.5),
        first_byte_after_seconds=more.get("first_byte", 1.0),
        ended_after_seconds=60.0,
        verified_bytes=verified,
        ending=ending,
        detail=more.get("detail", ""),
    )


def manifest(backends=("backend-1", "backend-2")):
    return Manifest(
        run="20260101T000000Z-default",
        started="2026-01-01T00:00:00+00:00",
        command=("onionrig", "run"),
        profile="default",
        experiment={},
        resolved={},
        address="a" * 56 + ".onion",
        port=9000,
        mode="anonymous",
        balancer="stock 0.2.4",
        versions=Versions(
            onionrig="0", tor="0.4.9.11", openssl="OpenSSL 3", onionbalance="0.2.4", python="3.11",
            kernel="6",
        ),
        hosts=(
            HostFacts(
                name="here", cpu_model="CPU", cores=2, aes_instructions=True, memory_bytes=1 << 30,
                architecture="x86_64", operating_system="Debian",
            ),
        ),
        backends=dict.fromkeys(backends, "here"),
        roles={"sink": "sink", "source": "source", "relay-1": "relay", "relay-2": "relay"},
        consensus_parameters={"cc_alg": 2},
        services=(),
    )  # fmt: skip


def scheduled(*, hold_seconds):
    return Scheduled(
        wall_seconds=float(RAMP),
        since_start_seconds=50.0,
        ramp_second=RAMP,
        hold_second=HOLD,
        end_second=HOLD + hold_seconds,
    )


def milestone(reached, seconds):
    return Milestone(wall_seconds=0.0, since_start_seconds=seconds, reached=reached)


def finished():
    return Finished(wall_seconds=0.0, since_start_seconds=120.0)


def recording(samples, *, hold_seconds=None, events=(), done=True, **more):
    """A run whose hold has these samples of one sink."""
    length = hold_seconds if hold_seconds is not None else len(samples)
    told = [
        milestone(Reached.NETWORK, 12.0),
        milestone(Reached.FRONTEND, 40.0),
        milestone(Reached.FIRST_BYTE, 41.5),
        scheduled(hold_seconds=length),
        *events,
    ]
    return Recording(
        manifest=more.get("manifest", manifest()),
        target_bits_per_second=more.get("target"),
        streams_asked=more.get("asked", 4),
        events=[*told, finished()] if done else told,
        sinks={"sink": samples},
        samplers=more.get("samplers", {}),
        transfers=more.get("transfers", []),
    )

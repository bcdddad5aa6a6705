"""Recordings made by hand, for tests of the analysis and the views."""

from __future__ import annotations

from onionrig.records.events import (
    Covered,
    Finished,
    Happened,
    Held,
    Listed,
    Milestone,
    Reached,
    Scheduled,
)
from onionrig.records.manifest import HostFacts, Manifest, ServiceRecord, Versions
from onionrig.records.recording import Recording
from onionrig.records.samples import (
    Board,
    CpuStates,
    HostSample,
    InterfaceUse,
    PingSample,
    ProcessUse,
    SinkSample,
    SourceSample,
    TorCounters,
    TorSample,
)
from onionrig.records.transfers import Ending, Transfer

RAMP = 1_000
HOLD = 1_005
NO_BOARD = Board(temperature_celsius=None, clock_hertz=None, governor=None, throttling=None)


def sink_sample(second, verified, *, streams=None, corrupt=0, **more):
    return SinkSample(
        **_closed(second),
        verified_bytes=verified,
        streams=streams if streams is not None else dict.fromkeys(verified, 1),
        connecting=0,
        failed=more.get("failed", 0),
        corrupt_bytes=corrupt,
        unverified_bytes=more.get("unverified", 0),
    )


def source_sample(second, sent):
    return SourceSample(**_closed(second), sent_bytes=sent, streams=dict.fromkeys(sent, 1))


def ping_sample(second, round_trips):
    return PingSample(**_closed(second), round_trip_seconds=round_trips)


def host_sample(second, cpu_seconds, *, rss=10 << 20, **more):
    """Counters as they stand when the second ends; threads and interfaces by name."""
    threads, interfaces = more.get("threads", {}), more.get("interfaces", {})
    return HostSample(
        **_closed(second),
        processes={
            name: ProcessUse(
                cpu_user_seconds=used / 2,
                cpu_system_seconds=used / 2,
                thread_cpu_seconds=threads.get(name, (used,)),
                rss_bytes=rss,
                open_files=None,
            )
            for name, used in cpu_seconds.items()
        },
        cpu=CpuStates(
            user=more.get("busy", 0.0) / 4, nice=0.0, system=more.get("busy", 0.0) * 3 / 4, idle=0.0, iowait=0.0, irq=0.0,
            softirq=0.0, steal=more.get("steal", 0.0),
        ),
        others_cpu_seconds=more.get("others"),
        load_average=0.0,
        available_memory_bytes=1 << 30,
        interfaces={name: interface(**counted) for name, counted in interfaces.items()},
        tcp_retransmitted_segments=None,
        board=NO_BOARD,
    )  # fmt: skip


def interface(*, received=0, sent=0, link=None):
    return InterfaceUse(
        received_bytes=received,
        received_packets=received // 1000,
        sent_bytes=sent,
        sent_packets=sent // 1000,
        link_bits_per_second=link,
    )


def tor_sample(second, daemons):
    return TorSample(**_closed(second), daemons=daemons)


def tor_counters(read_wall_seconds, *, application=0, begun=0, failed=None, up=0):
    return TorCounters(
        read_wall_seconds=read_wall_seconds,
        application_bytes={"9000": application, "9001": 77},
        rendezvous_circuits=begun,
        rendezvous_failed=failed or {},
        rendezvous_open=up,
        introduction_circuits=3,
        introductions=begun,
        relayed_read_bytes=None,
        relayed_written_bytes=None,
    )


def transfer(
    stream=0, attempt=1, *, backend="backend-1", verified=1, ending=Ending.RUN_ENDED, **more
):
    return Transfer(
        stream=stream,
        attempt=attempt,
        client=more.get("client", "client-1"),
        backend=backend,
        started_wall_seconds=more.get("started", float(RAMP)),
        connected_after_seconds=more.get("connected", 0.5),
        first_byte_after_seconds=more.get("first_byte", 1.0),
        ended_after_seconds=more.get("ended_after", 60.0),
        verified_bytes=verified,
        unverified_bytes=more.get("unverified", 0),
        ending=ending,
        detail=more.get("detail", ""),
    )


def manifest(backends=("backend-1", "backend-2"), **changed):
    whole = {
        "run": "20260101T000000Z-default",
        "started": "2026-01-01T00:00:00+00:00",
        "command": ("onionrig", "run"),
        "profile": "default",
        "experiment": {},
        "resolved": {},
        "address": "a" * 56 + ".onion",
        "port": 9000,
        "mode": "anonymous",
        "balancer": "stock 0.2.4",
        "versions": Versions(
            onionrig="0", tor="0.4.9.11", openssl="OpenSSL 3", onionbalance="0.2.4", python="3.11",
            kernel="6",
        ),
        "hosts": (host("here"),),
        "backends": backends if isinstance(backends, dict) else dict.fromkeys(backends, "here"),
        "roles": {
            "sink": "sink", "source": "source", "relay-1": "relay", "relay-2": "relay",
            "client-1": "client", "sampler": "sampler", **dict.fromkeys(backends, "backend"),
        },
        "consensus_parameters": {"cc_alg": 2},
        "services": (),
    }  # fmt: skip
    return Manifest(**{**whole, **changed})


def host(name, *, cores=2):
    return HostFacts(
        name=name, cpu_model="CPU", cores=cores, aes_instructions=True, memory_bytes=1 << 30,
        architecture="x86_64", operating_system="Debian",
    )  # fmt: skip


def service(name, role, where):
    return ServiceRecord(name=name, role=role, host=where, argv=(name,), files={})


def scheduled(*, hold_seconds, ramp=RAMP, streams=16, settings=None):
    return Scheduled(
        wall_seconds=float(ramp),
        since_start_seconds=50.0,
        ramp_second=ramp,
        hold_second=ramp + HOLD - RAMP,
        end_second=ramp + HOLD - RAMP + hold_seconds,
        streams=streams,
        settings=settings or {},
    )


def covered(client, usable, *, variant=1, drawn=None):
    return Covered(
        wall_seconds=0.0,
        since_start_seconds=42.0,
        client=client,
        usable_points=usable,
        drawn_points=drawn or {},
        variant=variant,
    )


def happened(verb, subject, at, **more):
    """Something that was done so many seconds into the hold."""
    return Happened(
        wall_seconds=HOLD + at, since_start_seconds=60.0, verb=verb, subject=subject, **more
    )


def listed(at, *instances):
    """Who stood in the address's descriptors from so many seconds into the hold."""
    return Listed(wall_seconds=HOLD + at, since_start_seconds=60.0, instances=instances)


def milestone(reached, seconds):
    return Milestone(wall_seconds=0.0, since_start_seconds=seconds, reached=reached)


def held():
    return Held(wall_seconds=0.0, since_start_seconds=110.0)


def finished():
    return Finished(wall_seconds=0.0, since_start_seconds=120.0)


def recording(samples, *, hold_seconds=None, events=(), done=True, **more):
    """A run whose hold has these samples of one sink."""
    length = hold_seconds if hold_seconds is not None else len(samples)
    asked = more.get("asked", 4)
    told = [
        milestone(Reached.NETWORK, 12.0),
        milestone(Reached.FRONTEND, 40.0),
        milestone(Reached.FIRST_BYTE, 41.5),
        *more.get("loads", [scheduled(hold_seconds=length, streams=asked)]),
        *events,
    ]
    return Recording(
        manifest=more.get("manifest", manifest()),
        target_bits_per_second=more.get("target"),
        streams_asked=asked,
        events=[*told, finished()] if done else told,
        sinks={"sink": samples},
        sources=more.get("sources", {}),
        samplers=more.get("samplers", {}),
        tors=more.get("tors", {}),
        pings=more.get("pings", {}),
        transfers=more.get("transfers", []),
        dials=more.get("dials", ()),
        gaps=more.get("gaps", ()),
    )


def watched(*, seconds=10, size=1_000_000, streams=4, **more):
    """A run whose sink gets so many bytes a second, all else recorded and nothing full.

    ``cores`` is what each process uses, ``carries`` the bytes a second and the rate of interfaces,
    ``tor_takes`` what the backend's tor takes in all; ``sizes`` are the seconds' own bytes.
    """
    sizes = more.get("sizes") or [size] * seconds
    taken = more.get("tor_takes", sum(sizes))
    cores = more.get("cores", {"backend-1": 0.2, "relay-1": 0.2, "source": 0.1, "sink": 0.1})
    span = range(HOLD - 1, HOLD + len(sizes))
    parts = {
        "sources": {
            "source": [
                source_sample(HOLD + index, {"backend-1": sent})
                for index, sent in enumerate(more.get("sent", sizes))
            ]
        },
        "samplers": {
            "sampler": [
                host_sample(
                    second,
                    {name: used * run for name, used in cores.items()},
                    others=7 + more.get("others", 0.0) * run if run % 3 == 0 else None,
                    steal=500 + more.get("steal", 0.0) * run,
                    busy=9000
                    + more.get("busy", sum(cores.values()) + more.get("others", 0.0)) * run,
                    interfaces={
                        name: {"received": received * run, "sent": sent * run, "link": link}
                        for name, (received, sent, link) in more.get("carries", {}).items()
                    },
                )
                for run, second in enumerate(span)
            ]
        },
        "pings": {
            "pinger": [
                ping_sample(second, {"client-1": more.get("round_trip", 0.01)}) for second in span
            ]
        },
        "tors": {
            "tors": [
                tor_sample(HOLD + at, {"backend-1": tor_counters(HOLD + at, application=so_far)})
                for at, so_far in ((0, 0), (len(sizes), taken))
            ]
        },
        "asked": streams,
    }
    samples = [
        sink_sample(HOLD + index, {"backend-1": got}, streams={"backend-1": streams})
        for index, got in enumerate(sizes)
    ]
    return recording(more.get("samples", samples), **{**parts, **more.get("other", {})})


def _closed(second):
    return {
        "second": second,
        "monotonic_seconds": float(second) + 0.5,
        "wall_seconds": float(second) + 1.0,
    }

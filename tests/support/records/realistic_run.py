"""A run as a real one looks, of any length: for reports, which need all of its files at once."""

from __future__ import annotations

import math

import msgspec

from onionrig.records.events import (
    Finished,
    Happened,
    Listed,
    Milestone,
    Noted,
    Reached,
    Scheduled,
)
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

RAMP = 1_700_000_000
RAMP_SECONDS = 5
HOLD = RAMP + RAMP_SECONDS
MBIT = 125_000
"""Bytes."""
CORES_BY_ROLE = {
    "authority": 0.006,
    "relay": 0.069,
    "backend": 0.11,
    "client": 0.18,
    "balancer-tor": 0.002,
    "balancer": 0.001,
    "source": 0.06,
    "sink": 0.01,
    "sampler": 0.006,
    "pinger": 0.002,
    "controller": 0.004,
    "keeper": 0.0,
}
"""CPU each process of a role uses, in cores."""


def lifelike(  # noqa: PLR0913 - a number each
    *, hold_seconds=60, backends=4, relays=12, clients=2, streams=16, cut_short=None
):
    """A run of so many seconds; ``cut_short`` ends it after that many of the hold."""
    manifest = _manifest(backends, relays, clients)
    end = HOLD + hold_seconds
    seconds = range(RAMP, end if cut_short is None else HOLD + cut_short)
    names = list(manifest.backends)
    events = [
        _event(Milestone, 12.1, reached=Reached.NETWORK),
        _event(Milestone, 39.7, reached=Reached.FRONTEND),
        _event(Milestone, 41.2, reached=Reached.FIRST_BYTE),
        _event(Noted, 41.3, text="waited for a better publication once"),
        _event(
            Scheduled,
            42.0,
            ramp_second=RAMP,
            hold_second=HOLD,
            end_second=end,
            streams=streams,
        ),
    ]
    return Recording(
        manifest=manifest,
        target_bits_per_second=250e6,
        streams_asked=streams,
        events=events if cut_short is not None else [*events, _event(Finished, 120.0)],
        sinks={"sink": [_sunk(second, names, streams) for second in seconds]},
        sources={"source": [_sent(second, names, streams) for second in seconds]},
        samplers={"sampler": [_host(second, manifest.roles) for second in range(RAMP - 2, end)]},
        tors={
            "tors": [_tors(second, manifest.roles) for second in range(HOLD - 1, seconds.stop, 10)]
        },
        pings={"pinger": [_ping(second, clients) for second in seconds]},
        transfers=[*_transfers(streams, names, clients, hold_seconds)],
    )


DONE = (
    ("kill", "backend-2", 10.02),
    ("start", "backend-2", 25.02),
    ("kill", "balancer", 50.01),
    ("start", "balancer", 50.53),
)
"""What is done to a disturbed run, and when in its hold."""
DIAL_SECONDS = 0.5


def disturbed(made):
    """A run to which something was done, with dials under load: a third fails for some seconds."""
    (load,) = (event for event in made.events if isinstance(event, Scheduled))
    hold_seconds, names = load.end_second - load.hold_second, tuple(made.manifest.backends)
    happened = [
        _at(Happened, at, verb=verb, subject=subject)
        for verb, subject, at in DONE
        if at < hold_seconds
    ]
    listed = [
        _at(Listed, at, instances=tuple(name for name in names if name not in without))
        for at, without in ((-4.0, ()), (13.52, ("backend-2",)), (32.02, ()))
        if at < hold_seconds
    ]
    *before, end = made.events
    told = sorted([*happened, *listed], key=lambda event: event.wall_seconds)
    return msgspec.structs.replace(
        made, events=[*before, *told, end], dials=[*_dials(hold_seconds, names)]
    )


def _at(kind, at, **more):
    return kind(wall_seconds=HOLD + at, since_start_seconds=47.0 + at, **more)


def _dials(hold_seconds, names):
    for number in range(int((hold_seconds + RAMP_SECONDS) / DIAL_SECONDS)):
        at = number * DIAL_SECONDS - RAMP_SECONDS
        fails = 10 <= at < 14 and number % 3 == 0
        yield Transfer(
            stream=number,
            attempt=1,
            client=f"client-{number % 2 + 1}",
            backend=None if fails else names[number % len(names)],
            started_wall_seconds=HOLD + at,
            connected_after_seconds=None if fails else 0.2,
            first_byte_after_seconds=None if fails else 0.25 + 0.05 * math.sin(number),
            ended_after_seconds=20.0 if fails else 0.4,
            verified_bytes=0 if fails else 8192,
            ending=Ending.SOCKS_REFUSED if fails else Ending.RUN_ENDED,
            detail="onion service introduction failed (F2)" if fails else "",
        )


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
                Evidence(what="CPU of here", measured=1.96, limit=2.0, unit="cores", at_limit=True),
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
                    cause="not judged: loopback carries every hop",
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


def rate_mbit(second, backend):
    """What one backend instance delivers in a second, in whole Mbit."""
    if second < HOLD:
        return (second - RAMP) * 12
    return 75 + backend * 4 + round(6 * math.sin(second * (0.7 + 0.13 * backend)))


def _event(kind, since_start, **more):
    return kind(wall_seconds=RAMP - 42 + since_start, since_start_seconds=since_start, **more)


def _times(second):
    return {
        "second": second,
        "monotonic_seconds": float(second - RAMP + 1000),
        "wall_seconds": float(second + 1),
    }


def _sunk(second, names, streams):
    return SinkSample(
        **_times(second),
        verified_bytes={name: rate_mbit(second, index) * MBIT for index, name in enumerate(names)},
        streams=_up(second, names, streams),
        connecting=0,
        failed=0,
        corrupt_bytes=0,
    )


def _up(second, names, streams):
    up = streams if second >= HOLD else streams * (second - RAMP) // RAMP_SECONDS
    return {name: (up + index) // len(names) for index, name in enumerate(names)}


def _sent(second, names, streams):
    return SourceSample(
        **_times(second),
        sent_bytes={
            name: rate_mbit(second, index) * MBIT + 4096 for index, name in enumerate(names)
        },
        streams=_up(second, names, streams),
    )


def _host(second, roles):
    run = second - RAMP + 2
    used = {name: CORES_BY_ROLE[role] * (run + 0.3 * math.sin(run)) for name, role in roles.items()}
    busy = sum(used.values())
    return HostSample(
        **_times(second),
        processes={
            name: ProcessUse(
                cpu_user_seconds=cpu * 0.7,
                cpu_system_seconds=cpu * 0.3,
                thread_cpu_seconds=(cpu,),
                rss_bytes=(40 << 20) + len(name) * (1 << 20),
                open_files=60,
            )
            for name, cpu in used.items()
        },
        cpu=CpuStates(
            user=0.6 * busy,
            nice=0.0,
            system=0.25 * busy,
            idle=2.0 * run - busy,
            iowait=0.0,
            irq=0.0,
            softirq=0.12 * busy,
            steal=0.01 * run,
        ),
        others_cpu_seconds=0.03 * run if run % 5 == 0 else None,
        load_average=3.1,
        available_memory_bytes=2 << 30,
        interfaces={
            "eth0": InterfaceUse(
                received_bytes=run * 2000,
                received_packets=run * 9,
                sent_bytes=run * 3000,
                sent_packets=run * 8,
                link_bits_per_second=1e9,
            )
        },
        tcp_retransmitted_segments=run // 7,
        board=Board(temperature_celsius=None, clock_hertz=None, governor=None, throttling=None),
    )


def _tors(second, roles):
    run = second - RAMP
    return TorSample(
        **_times(second),
        daemons={
            name: TorCounters(
                read_wall_seconds=float(second + 1),
                application_bytes={},
                rendezvous_circuits=4 if role == "backend" else None,
                rendezvous_failed={},
                rendezvous_open=4 if role == "backend" else None,
                introduction_circuits=3 if role == "backend" else None,
                introductions=4 if role == "backend" else None,
                relayed_read_bytes=run * 150 * MBIT if role == "relay" else None,
                relayed_written_bytes=run * 150 * MBIT if role == "relay" else None,
            )
            for name, role in roles.items()
            if role in {"relay", "backend"}
        },
    )


def _ping(second, clients):
    return PingSample(
        **_times(second),
        round_trip_seconds={
            f"client-{number}": None
            if second % 17 == number
            else 0.2 + 0.05 * math.sin(second * 0.4 + number)
            for number in range(1, clients + 1)
        },
    )


def _transfers(streams, names, clients, hold_seconds):
    for stream in range(streams):
        fails = stream == 3
        dial = RAMP_SECONDS * stream / streams
        for attempt in (1, 2) if fails else (1,):
            gone = fails and attempt == 1
            yield Transfer(
                stream=stream,
                attempt=attempt,
                client=f"client-{stream % clients + 1}",
                backend=None if gone else names[stream % len(names)],
                started_wall_seconds=RAMP + dial + attempt - 1,
                connected_after_seconds=None if gone else 0.4 + 0.03 * stream,
                first_byte_after_seconds=None if gone else 0.5 + 0.04 * stream,
                ended_after_seconds=0.7 if gone else hold_seconds,
                verified_bytes=0 if gone else hold_seconds * 20 * MBIT,
                ending=Ending.SOCKS_REFUSED if gone else Ending.RUN_ENDED,
                detail="onion service introduction failed (F2)" if gone else "",
            )


def _manifest(backends, relays, clients):
    roles = {f"authority-{number}": "authority" for number in (1, 2, 3)}
    roles |= {f"relay-{number}": "relay" for number in range(1, relays + 1)}
    roles |= {f"backend-{number}": "backend" for number in range(1, backends + 1)}
    roles |= {"balancer-tor": "balancer-tor", "balancer": "balancer"}
    roles |= {f"client-{number}": "client" for number in range(1, clients + 1)}
    roles |= {name: name for name in ("source", "sink", "sampler", "pinger")}
    roles |= {name: name for name in ("controller", "keeper")}
    return Manifest(
        run="20260101T000000Z-default",
        started="2026-01-01T00:00:00+00:00",
        command=("onionrig", "run", "--target", "250Mbit"),
        profile="default",
        experiment={
            "description": 'One address, "four" backends',
            "network": {"kind": "private", "relays": relays, "consensus": {"cc_alg": 2}},
            "backends": {"daemons": backends, "single_hop": False, "torrc": ["NumCPUs 1"]},
            "load": {"streams": 16, "hold": "60s", "socks_port": None},
            "verdict": {"target": "250Mbit"},
        },
        resolved={"network.relays": f"{relays} relays beside 3 authorities"},
        address="a" * 56 + ".onion",
        port=9000,
        mode="anonymous",
        balancer="stock 0.2.4",
        versions=Versions(
            onionrig="0.2.0",
            tor="0.4.9.11",
            openssl="OpenSSL 3.0.19",
            onionbalance="0.2.4",
            python="3.11.2",
            kernel="6.1.0",
        ),
        hosts=(
            HostFacts(
                name="here",
                cpu_model="AMD EPYC",
                cores=2,
                aes_instructions=True,
                memory_bytes=4 << 30,
                architecture="x86_64",
                operating_system="Debian GNU/Linux 12 (bookworm)",
            ),
        ),
        backends={name: "here" for name, role in roles.items() if role == "backend"},
        roles=roles,
        consensus_parameters={"cc_alg": 2, "circwindow": 1000},
        services=tuple(
            ServiceRecord(
                name=name, role=role, host="here", argv=(role,), files={"torrc": f"Nickname {name}"}
            )
            for name, role in roles.items()
            if role not in {"controller", "keeper"}
        ),
    )

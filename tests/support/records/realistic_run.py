"""A run as a real one looks, of any length: for reports, which need all of its files at once."""

from __future__ import annotations

import math

import msgspec

from onionrig.records.events import Noted, Reached, Scheduled
from onionrig.records.manifest import ServiceRecord
from onionrig.records.recording import Recording
from onionrig.records.samples import TorCounters
from onionrig.records.streams.transfers import Ending
from support.records.events import event, finished, happened, listed, milestone, scheduled
from support.records.manifests import manifest
from support.records.recordings import target_alone
from support.records.samples import (
    BYTES_PER_MBIT,
    HOLD,
    RAMP,
    host_sample,
    ping_sample,
    sink_sample,
    source_sample,
    tor_sample,
    transfer,
)

RAMP_SECONDS = HOLD - RAMP
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
REFUSED_STREAM = 3
"""The stream whose first dial is refused."""


def realistic_run(  # noqa: PLR0913 - a number each
    *, hold_seconds=60, backends=4, relays=12, clients=2, streams=16, cut_short=None
):
    """A run of so many seconds; ``cut_short`` ends it after that many of the hold."""
    made = _manifest(backends, relays, clients)
    end = HOLD + hold_seconds
    seconds = range(RAMP, end if cut_short is None else HOLD + cut_short)
    names = list(made.backends)
    events = [
        milestone(Reached.NETWORK, 12.1),
        milestone(Reached.FRONTEND, 39.7),
        milestone(Reached.FIRST_BYTE, 41.2),
        event(Noted, 41.3, text="waited for a better publication once"),
        scheduled(hold_seconds=hold_seconds, streams=streams),
    ]
    return Recording(
        manifest=made,
        thresholds=target_alone(250e6),
        streams_asked=streams,
        events=events if cut_short is not None else [*events, finished()],
        sinks={"sink": [_sunk(second, names, streams) for second in seconds]},
        sources={"source": [_sent(second, names, streams) for second in seconds]},
        samplers={"sampler": [_host(second, made.roles) for second in range(RAMP - 2, end)]},
        tors={"tors": [_tors(second, made.roles) for second in range(HOLD - 1, seconds.stop, 10)]},
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


def disturbed(recording):
    """A run to which something was done, with dials under load: a third fails for some seconds."""
    (load,) = (event for event in recording.events if isinstance(event, Scheduled))
    hold_seconds, names = load.end_second - load.hold_second, tuple(recording.manifest.backends)
    done = [happened(verb, subject, at) for verb, subject, at in DONE if at < hold_seconds]
    lists = [
        listed(at, *(name for name in names if name not in without))
        for at, without in ((-4.0, ()), (13.52, ("backend-2",)), (32.02, ()))
        if at < hold_seconds
    ]
    *before, end = recording.events
    told = sorted([*done, *lists], key=lambda event: event.wall_seconds)
    return msgspec.structs.replace(
        recording, events=[*before, *told, end], dials=[*_dials(hold_seconds, names)]
    )


def rate_mbit(second, backend):
    """What one backend instance delivers in a second, in whole Mbit."""
    if second < HOLD:
        return (second - RAMP) * 12
    return 75 + backend * 4 + round(6 * math.sin(second * (0.7 + 0.13 * backend)))


def _manifest(backends, relays, clients):
    roles = {f"authority-{number}": "authority" for number in (1, 2, 3)}
    roles |= {f"relay-{number}": "relay" for number in range(1, relays + 1)}
    roles |= {f"backend-{number}": "backend" for number in range(1, backends + 1)}
    roles |= {"balancer-tor": "balancer-tor", "balancer": "balancer"}
    roles |= {f"client-{number}": "client" for number in range(1, clients + 1)}
    roles |= {name: name for name in ("source", "sink", "sampler", "pinger")}
    roles |= {name: name for name in ("controller", "keeper")}
    return manifest(
        [name for name, role in roles.items() if role == "backend"],
        command=("onionrig", "run", "--target", "250Mbit"),
        experiment={
            "description": 'One address, "four" backends',
            "network": {"kind": "private", "relays": relays, "consensus": {"cc_alg": 2}},
            "backends": {"daemons": backends, "single_hop": False, "torrc": ["NumCPUs 1"]},
            "load": {"streams": 16, "hold": "60s", "socks_port": None},
            "verdict": {"target": "250Mbit"},
        },
        resolved={"network.relays": f"{relays} relays beside 3 authorities"},
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


def _sunk(second, names, streams):
    rates = {name: rate_mbit(second, index) * BYTES_PER_MBIT for index, name in enumerate(names)}
    return sink_sample(second, rates, streams=_up(second, names, streams))


def _sent(second, names, streams):
    rates = {
        name: rate_mbit(second, index) * BYTES_PER_MBIT + 4096 for index, name in enumerate(names)
    }
    return source_sample(second, rates, streams=_up(second, names, streams))


def _up(second, names, streams):
    up = streams if second >= HOLD else streams * (second - RAMP) // RAMP_SECONDS
    return {name: (up + index) // len(names) for index, name in enumerate(names)}


def _host(second, roles):
    run = second - RAMP + 2
    used = {name: CORES_BY_ROLE[role] * (run + 0.3 * math.sin(run)) for name, role in roles.items()}
    busy = sum(used.values())
    return host_sample(
        second,
        used,
        rss_bytes={name: (40 << 20) + len(name) * (1 << 20) for name in used},
        busy=busy,
        idle=2.0 * run - busy,
        steal=0.01 * run,
        others=0.03 * run if run % 5 == 0 else None,
        interfaces={"eth0": {"received": run * 2000, "sent": run * 3000, "link": 1e9}},
        retransmitted=run // 7,
    )


def _tors(second, roles):
    run = second - RAMP
    return tor_sample(
        second,
        {
            name: TorCounters(
                read_wall_seconds=float(second + 1),
                application_bytes={},
                rendezvous_circuits=4 if role == "backend" else None,
                rendezvous_failed={},
                rendezvous_open=4 if role == "backend" else None,
                introduction_circuits=3 if role == "backend" else None,
                introductions=4 if role == "backend" else None,
                relayed_read_bytes=run * 150 * BYTES_PER_MBIT if role == "relay" else None,
                relayed_written_bytes=run * 150 * BYTES_PER_MBIT if role == "relay" else None,
            )
            for name, role in roles.items()
            if role in {"relay", "backend"}
        },
    )


def _ping(second, clients):
    return ping_sample(
        second,
        {
            f"client-{number}": None
            if second % 17 == number
            else 0.2 + 0.05 * math.sin(second * 0.4 + number)
            for number in range(1, clients + 1)
        },
    )


AS_REFUSED = {
    "backend": None,
    "connected": None,
    "first_byte": None,
    "verified": 0,
    "ending": Ending.SOCKS_REFUSED,
    "detail": "onion service introduction failed (F2)",
}


def _transfers(streams, names, clients, hold_seconds):
    for stream in range(streams):
        dial = RAMP + RAMP_SECONDS * stream / streams
        attempt = 1
        client = f"client-{stream % clients + 1}"
        if stream == REFUSED_STREAM:
            yield transfer(stream, client=client, started=dial, ended_after=0.7, **AS_REFUSED)
            attempt = 2
        yield transfer(
            stream,
            attempt,
            client=client,
            backend=names[stream % len(names)],
            started=dial + attempt - 1,
            connected=0.4 + 0.03 * stream,
            first_byte=0.5 + 0.04 * stream,
            ended_after=hold_seconds,
            verified=hold_seconds * 20 * BYTES_PER_MBIT,
        )


def _dials(hold_seconds, names):
    for number in range(int((hold_seconds + RAMP_SECONDS) / DIAL_SECONDS)):
        at = number * DIAL_SECONDS - RAMP_SECONDS
        client, started = f"client-{number % 2 + 1}", HOLD + at
        if 10 <= at < 14 and number % 3 == 0:
            yield transfer(number, client=client, started=started, ended_after=20.0, **AS_REFUSED)
        else:
            yield transfer(
                number,
                client=client,
                backend=names[number % len(names)],
                started=started,
                connected=0.2,
                first_byte=0.25 + 0.05 * math.sin(number),
                ended_after=0.4,
                verified=8192,
            )

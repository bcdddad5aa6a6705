"""Recordings of a rig on real hosts, made by hand: two boards that serve, and a laptop that pulls."""

from __future__ import annotations

import msgspec

from onionrig.records.events import HostGone
from support.records.events import in_hold
from support.records.manifests import host, manifest, service
from support.records.recordings import recording
from support.records.samples import (
    BYTES_PER_MBIT,
    HOLD,
    host_sample,
    sink_sample,
    source_sample,
)

CLOCKS_AHEAD_SECONDS = {"pi1": 0.012, "pi2": -0.04, "laptop": 0.0}
"""The hosts, and how far their clocks are ahead of the controller's."""
PIS = {"pi1": "backend-1", "pi2": "backend-2"}
OVERHEAD = 1.06
"""What a board's interface carries over the payload that it serves."""


def remote_host(name, *, ahead=None, link=None, cores=4, **facts):
    return msgspec.structs.replace(
        host(name, cores=cores),
        kind="remote",
        address="192.0.2.1",
        clock_offset_seconds=CLOCKS_AHEAD_SECONDS.get(name) if ahead is None else ahead,
        link_bits_per_second=link,
        **facts,
    )


def cluster(*, seconds=10, mbit=(40, 40), lost=None, at=6.0, sinks=("laptop",), **more):
    """A run whose boards serve so many Mbit/s each, until one is lost at a second of the hold.

    ``sinks`` are the hosts with one, which share what came. ``links`` are the rates that interfaces
    say they have, by host; ``recorded_links`` those of the manifest; ``overhead`` what interfaces
    carry over payload, ``groups`` what control groups count over what processes used.
    """
    links, overhead = more.get("links", {}), more.get("overhead", OVERHEAD)
    cores, groups = more.get("cores", {}), more.get("groups", {})
    here = lambda name, second: name != lost or second < int(HOLD + at)  # noqa: E731
    made = manifest(
        backends={backend: name for name, backend in PIS.items()},
        hosts=tuple(
            remote_host(name, link=more.get("recorded_links", {}).get(name), **more.get(name, {}))
            for name in CLOCKS_AHEAD_SECONDS
        ),
        services=(
            service("relay-1", "relay", "laptop"),
            *(service(f"sink-{name}", "sink", name) for name in sinks),
            *(service(f"sampler-{name}", "sampler", name) for name in CLOCKS_AHEAD_SECONDS),
            *(service(f"yardstick-{name}", "yardstick", name) for name in CLOCKS_AHEAD_SECONDS),
            *(service(backend, "backend", name) for name, backend in PIS.items()),
            *(service(f"source-{name}", "source", name) for name in PIS),
        ),
        roles={
            "relay-1": "relay",
            **{f"sink-{name}": "sink" for name in sinks},
            **dict.fromkeys(PIS.values(), "backend"),
            **{f"source-{name}": "source" for name in PIS},
        },
    )
    served = dict(zip(PIS, (rate * BYTES_PER_MBIT for rate in mbit), strict=True))
    hold = range(HOLD, HOLD + seconds)
    gone = [lost_at(lost, at)] if lost is not None else []
    whole = recording(
        [],
        manifest=made,
        hold_seconds=seconds,
        events=[*gone, *more.get("events", ())],
        sources={
            f"source-{name}": [
                source_sample(second, {backend: served[name]})
                for second in hold
                if here(name, second)
            ]
            for name, backend in PIS.items()
        },
        samplers={
            f"sampler-{name}": [
                _host_sample(
                    second,
                    name,
                    run,
                    sent=served.get(name, 0) * overhead,
                    received=0 if name in served else sum(served.values()) * overhead,
                    link=links.get(name),
                    cores=cores.get(name, 0.3),
                    groups=groups.get(name),
                )
                for run, second in enumerate(range(HOLD - 1, HOLD + seconds))
                if here(name, second)
            ]
            for name in CLOCKS_AHEAD_SECONDS
        },
        target=more.get("target"),
    )
    return msgspec.structs.replace(
        whole,
        sinks={
            f"sink-{name}": [
                sink_sample(
                    second,
                    {
                        PIS[pi]: round(size / len(sinks)) if here(pi, second) else 0
                        for pi, size in served.items()
                    },
                    streams={"backend-1": 2, "backend-2": 2},
                )
                for second in hold
                if here(name, second)
            ]
            for name in sinks
        },
    )


def lost_at(name, at, reason="its connection closed"):
    """Return that a host was lost so many seconds into the hold; noticed somewhat later."""
    return in_hold(
        HostGone, at + 1.5, host=name, reason=reason, last_heard_wall_seconds=float(HOLD + at)
    )


def _host_sample(second, name, run, *, sent, received, link, cores, groups):  # noqa: PLR0913 - of one host
    process = PIS.get(name, "relay-1")
    sample = host_sample(
        second,
        {process: cores * run},
        busy=cores * run,
        others=0.0,
        interfaces={
            "lo": {"received": 10**9 * run, "sent": 10**9 * run},
            "eth0": {"received": round(received * run), "sent": round(sent * run), "link": link},
        },
    )
    if groups is None:
        return sample
    used = msgspec.structs.replace(
        sample.processes[process], cgroup_cpu_seconds=round(groups * cores * run, 4)
    )
    return msgspec.structs.replace(sample, processes={process: used})

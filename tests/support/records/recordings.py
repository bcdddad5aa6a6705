"""Recordings made by hand: a load and its hold, with as much of the rest as a test needs."""

from __future__ import annotations

from onionrig.experiment.schema import Experiment, Thresholds
from onionrig.experiment.thresholds import thresholds_of
from onionrig.records.events import Reached
from onionrig.records.recording import Recording
from onionrig.units import BitsPerSecond
from support.records.events import finished, milestone, scheduled
from support.records.manifests import manifest
from support.records.samples import (
    HOLD,
    host_sample,
    ping_sample,
    sink_sample,
    source_sample,
    tor_counters,
    tor_sample,
)


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
        thresholds=more.get("thresholds", target_alone(more.get("target"))),
        streams_asked=asked,
        events=[*told, finished()] if done else told,
        sinks={"sink": samples},
        sources=more.get("sources", {}),
        samplers=more.get("samplers", {}),
        tors=more.get("tors", {}),
        pings=more.get("pings", {}),
        transfers=more.get("transfers", []),
        dials=more.get("dials", ()),
        yardsticks=more.get("yardsticks", {}),
        gaps=more.get("gaps", ()),
    )


def target_alone(bits_per_second):
    """The thresholds of an experiment that sets a target, or nothing."""
    if bits_per_second is None:
        return ()
    target = BitsPerSecond(bits_per_second)
    return thresholds_of(Experiment(verdict=Thresholds(target=target)))


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

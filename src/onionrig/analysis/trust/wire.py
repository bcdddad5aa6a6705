"""The interfaces' bytes against the sinks': only where what they carry is the payload alone.

That is a host with nothing but backend instances and their source, an emulated host of a baseline
with nothing but a source, or the host of a baseline that pulls from elsewhere. Over loopback every
hop is carried, and nothing can be held against it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from onionrig.analysis.hosts.cpu import samples_around
from onionrig.analysis.hosts.facts import (
    LOOPBACK,
    host_of,
    peer_of,
    roles_by_host,
    serving_role,
    several,
)
from onionrig.analysis.load.windows import Window
from onionrig.analysis.trust.agreement import SINK_BUFFER_BYTES, dialled, judged, unjudged
from onionrig.experiment.stream_window import STREAM_WINDOW_BYTES
from onionrig.rig.model import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.loads import Load
    from onionrig.records.findings import Agreement
    from onionrig.records.manifest import Manifest
    from onionrig.records.samples import HostSample

CELLS = (0.03, 0.12)
"""A cell of 514 bytes carries 498 of payload; TLS records, TCP and IP headers come on top, less of
them where the interface is handed segments larger than a frame."""
PLAIN = (0.0, 0.08)
"""TCP and IP headers alone."""

Direction = Literal["received", "sent"]


def with_interfaces(load: Load) -> Agreement:
    """Hold the interfaces' bytes of such a host against the sinks' between the same two samples."""
    manifest = load.manifest
    if _pulls_from_elsewhere(manifest):
        received, carried = 0, 0
        for samples in load.recording.samplers.values():
            if held := samples_around(samples, load.hold):
                received += sum(load.sink_seconds.payload_in(_between(held)))
                carried += carried_bytes(held, "received")
        return _judged(carried, received, PLAIN, dials=0)
    if not several(manifest):
        return unjudged(
            "interfaces", None, None, "every hop of a rig on one host goes over loopback"
        )
    serving = _hosts_that_only_serve(manifest)
    sent, received = 0, 0
    for sampler, samples in load.recording.samplers.items():
        held = samples_around(samples, load.hold)
        host = host_of(manifest, sampler)
        if held and host in serving:
            sent += carried_bytes(held, "sent")
            received += _served_by(load, _between(held), host)
    overhead = PLAIN if manifest.mode == "without tor" else CELLS
    return _judged(sent, received, overhead, dials=dialled(load))


def carried_bytes(held: Sequence[HostSample], direction: Direction) -> int:
    """Return what a host's interfaces carried between two samples, loopback left out."""
    if not held:
        return 0
    size = 0
    for name, use in held[-1].interfaces.items():
        begun = held[0].interfaces.get(name)
        if begun is not None and name != LOOPBACK:
            size += (
                use.sent_bytes - begun.sent_bytes
                if direction == "sent"
                else use.received_bytes - begun.received_bytes
            )
    return size


def _judged(carried: int, received: int, overhead: tuple[float, float], *, dials: int) -> Agreement:
    if not carried:
        return unjudged(
            "interfaces", None, None, "no sampled host's interfaces carry the payload alone"
        )
    lowest, highest = overhead
    # a dial hangs up after a few KiB, and all that was on its way by then was carried as well
    beside = dials * (SINK_BUFFER_BYTES + STREAM_WINDOW_BYTES)
    return judged(
        "interfaces",
        received,
        carried,
        (lowest * received, highest * (received + beside) + beside),
        "cells, TLS records, TCP and IP headers" if overhead == CELLS else "TCP and IP headers",
    )


def _pulls_from_elsewhere(manifest: Manifest) -> bool:
    peer = peer_of(manifest)
    return peer is not None and not peer.startswith(("127.", "localhost:", "[::1]:"))


def _hosts_that_only_serve(manifest: Manifest) -> set[str]:
    serving = serving_role(manifest)
    return {
        host
        for host, found in roles_by_host(manifest).items()
        if serving in found and found.keys() <= {serving, Role.SOURCE, Role.SAMPLER}
    }


def _served_by(load: Load, between: Window, host: str) -> int:
    """Return what came from a host; a baseline's sources are named after theirs."""
    hosts = load.manifest.backends
    sizes = load.sink_seconds.backend_bytes_in(between)
    return sum(size for name, size in sizes.items() if hosts.get(name, name) == host)


def _between(held: Sequence[HostSample]) -> Window:
    return Window(begin=held[0].second + 1, end=held[-1].second + 1)

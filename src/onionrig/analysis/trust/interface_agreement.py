"""Compare the sinks' bytes with interfaces that carry nothing but the payload.

Such hosts have only backend instances and their source, or the balancer as well, which sends next
to nothing. In a baseline, they have only a source, or pull from elsewhere. Loopback carries every
hop, so nothing can be compared with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.hosts.cpu import samples_around
from onionrig.analysis.hosts.facts import (
    host_of,
    on_several_hosts,
    peer_of,
    roles_by_host,
    serving_role,
)
from onionrig.analysis.hosts.interfaces import carried_bytes
from onionrig.analysis.load.lost_hosts import lost_hosts, lost_sinks
from onionrig.analysis.load.windows import Window
from onionrig.analysis.trust.agreement import (
    SINK_BUFFER_BYTES,
    compared,
    dials_in_hold,
    not_compared,
    unrecorded,
)
from onionrig.experiment.loads.streams import STREAM_WINDOW_BYTES
from onionrig.rig.model import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.findings import Agreement
    from onionrig.records.manifest import Manifest
    from onionrig.records.samples import HostSample

CELLS = (0.03, 0.12)
"""Lowest and highest overhead over tor: a cell of 514 bytes carries 498 of payload; TLS records,
TCP and IP headers come on top, fewer where an interface is handed segments larger than a frame."""
PLAIN = (0.0, 0.08)
"""Lowest and highest overhead without tor: TCP and IP headers alone."""
REAL = 0.04
"""Share by which the interface of a real host may carry more: segments that were sent again,
Ethernet's headers, what is fetched for the live view, and whatever else the host does."""

BESIDE = frozenset({Role.SOURCE, Role.SAMPLER, Role.YARDSTICK, Role.BALANCER, Role.BALANCER_TOR})
"""Roles, other than backend instances, that send next to nothing over an interface."""


def interface_agreement(load: MeasuredLoad) -> Agreement:
    """Compare the sinks' bytes with those of such hosts' interfaces, between the same samples."""
    manifest = load.manifest
    if _pulls_from_elsewhere(manifest):
        received_bytes, carried_total = 0, 0
        for samples in load.recording.samplers.values():
            if hold_samples := samples_around(samples, load.hold):
                received_bytes += sum(load.sink_seconds.payload_in(_between(hold_samples)))
                carried_total += carried_bytes(hold_samples, "received")
        return _agreement(carried_total, received_bytes, PLAIN, dial_count=0)
    if not on_several_hosts(manifest):
        return not_compared(
            "interfaces", None, None, "every hop of a rig on one host goes over loopback"
        )
    if sinks := lost_sinks(load):
        return not_compared("interfaces", None, None, unrecorded(sinks))
    serving_hosts = _hosts_that_only_serve(manifest) - {
        lost_host.name for lost_host in lost_hosts(load)
    }
    sent_bytes, received_bytes = 0, 0
    for sampler, samples in load.recording.samplers.items():
        hold_samples = samples_around(samples, load.hold)
        host = host_of(manifest, sampler)
        if hold_samples and host in serving_hosts:
            sent_bytes += carried_bytes(hold_samples, "sent")
            received_bytes += _served_by(load, _between(hold_samples), host)
    lowest, highest = PLAIN if manifest.mode == "without tor" else CELLS
    overhead = lowest, highest + (REAL if manifest.has_real_hosts else 0.0)
    return _agreement(sent_bytes, received_bytes, overhead, dial_count=dials_in_hold(load))


def _agreement(
    carried_total: int, received_bytes: int, overhead: tuple[float, float], *, dial_count: int
) -> Agreement:
    if not carried_total:
        return not_compared(
            "interfaces", None, None, "no sampled host's interfaces carry the payload alone"
        )
    lowest, highest = overhead
    # a dial hangs up after a few KiB; what was in flight by then was carried as well
    dial_bytes = dial_count * (SINK_BUFFER_BYTES + STREAM_WINDOW_BYTES)
    return compared(
        "interfaces",
        received_bytes,
        carried_total,
        (lowest * received_bytes, highest * (received_bytes + dial_bytes) + dial_bytes),
        f"{'' if lowest == PLAIN[0] else 'cells, TLS records, '}TCP and IP headers",
    )


def _pulls_from_elsewhere(manifest: Manifest) -> bool:
    peer = peer_of(manifest)
    return peer is not None and not peer.startswith(("127.", "localhost:", "[::1]:"))


def _hosts_that_only_serve(manifest: Manifest) -> set[str]:
    serving = serving_role(manifest)
    return {
        host
        for host, roles in roles_by_host(manifest).items()
        if serving in roles and roles.keys() <= {serving, *BESIDE}
    }


def _served_by(load: MeasuredLoad, between: Window, host: str) -> int:
    """Return the bytes that came from a host; the sources of a baseline are named after theirs."""
    hosts = load.manifest.backends
    sizes = load.sink_seconds.backend_bytes_in(between)
    return sum(size for name, size in sizes.items() if hosts.get(name, name) == host)


def _between(samples: Sequence[HostSample]) -> Window:
    return Window(begin=samples[0].second + 1, end=samples[-1].second + 1)

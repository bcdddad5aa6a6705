"""What the links of emulated hosts carried, and goodput against what they could.

A link's rate counts Ethernet frames. The counters of a host's interface count segments before they
are cut into frames, so that a full link shows from 95.6 % (large segments) to 100 % (small ones).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.hosts.cpu import elapsed_seconds, samples_around
from onionrig.analysis.hosts.facts import host_of, roles_by_host, serving_role
from onionrig.analysis.hosts.link_rates import link_rates
from onionrig.analysis.load.windows import mean_bits_per_second, sustained_bits_per_second
from onionrig.analysis.trust.wire import carried_bytes
from onionrig.records.links import HostLink, Links
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.loads import Load
    from onionrig.analysis.trust.wire import Direction
    from onionrig.records.samples import HostSample

FULL = 0.90
PAYLOAD = 1448 / 1514
"""TCP payload of a full Ethernet frame."""


def links(load: Load) -> Links | None:
    """Return what the links did in the hold; None where no host is emulated."""
    found = host_links(load)
    if not found:
        return None
    serving = [link.link_bits_per_second for link in found if link.serves]
    known = [rate for rate in serving if rate]
    total = sum(known) if known and len(known) == len(serving) else None
    return Links(
        scale=load.manifest.emulated[0].scale,
        hosts=found,
        sum_bits_per_second=total,
        payload_bits_per_second=total * PAYLOAD if total else None,
        mean_share=_share(mean_bits_per_second(load.held_bytes), total),
        sustained_share=_share(sustained_bits_per_second(load.held_bytes), total),
    )


def host_links(load: Load) -> tuple[HostLink, ...]:
    """Return the link of each emulated host, in the experiment's order."""
    manifest = load.manifest
    could, roles = link_rates(load), roles_by_host(manifest)
    sampled = {
        host_of(manifest, name): samples_around(samples, load.hold)
        for name, samples in load.recording.samplers.items()
    }
    found: list[HostLink] = []
    for host in manifest.emulated:
        limit, held = could.get(host.name), sampled.get(host.name, [])
        sent, received = _carried(held, "sent"), _carried(held, "received")
        found.append(
            HostLink(
                host=host.name,
                board=host.board.name if host.board else None,
                link_bits_per_second=limit,
                sent_bits_per_second=sent,
                received_bits_per_second=received,
                full=bool(limit) and max(sent or 0.0, received or 0.0) >= FULL * (limit or 0.0),
                serves=serving_role(manifest) in roles.get(host.name, {}),
            )
        )
    return tuple(found)


def carried_rate(link: HostLink, direction: Direction) -> float | None:
    """Return what a link carried one way, in bits per second; None where it was not sampled."""
    return link.sent_bits_per_second if direction == "sent" else link.received_bits_per_second


def carried_share(link: HostLink, direction: Direction) -> float | None:
    """Return what part of its rate a link carried one way.

    None where it was not shaped or not sampled.
    """
    return _share(carried_rate(link, direction), link.link_bits_per_second)


def busier_direction(link: HostLink) -> Direction:
    """Return which way a link carried more: sent, where it was not sampled."""
    sent, received = link.sent_bits_per_second or 0.0, link.received_bits_per_second or 0.0
    return "received" if received > sent else "sent"


def _carried(held: Sequence[HostSample], direction: Direction) -> float | None:
    if not held:
        return None
    return max(0, carried_bytes(held, direction)) * BITS_PER_BYTE / elapsed_seconds(held)


def _share(rate: float | None, total: float | None) -> float | None:
    return rate / total if rate is not None and total else None

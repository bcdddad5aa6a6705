"""Compare what the links of hosts carried, and goodput, with what the links could carry.

The rate of a link counts Ethernet frames. The counters of an emulated host's interface count
segments before they are cut into frames, so a full link shows from 95.6 % (large segments) to 100 %
(small ones). Those of a real one count frames without preambles and gaps: 98.4 % of large ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.hosts.cpu import elapsed_seconds
from onionrig.analysis.hosts.facts import roles_by_host, serving_role
from onionrig.analysis.hosts.interfaces import carried_bytes
from onionrig.analysis.hosts.link_rates import held_samples, link_rates
from onionrig.analysis.load.windows import mean_bits_per_second, sustained_bits_per_second
from onionrig.records.hosts import HostLink, LinkSum
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.hosts.interfaces import Direction
    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.samples import HostSample

FULL = 0.90
"""Share of its rate from which a link is full."""
PAYLOAD = 1448 / 1514
"""TCP payload as a share of a full Ethernet frame."""


def links(load: MeasuredLoad) -> LinkSum | None:
    """Return what the links did in the hold, or None if all ran on this machine."""
    hosts = links_by_host(load)
    if not hosts:
        return None
    serving_rates = [link.link_bits_per_second for link in hosts if link.serves]
    known_rates = [rate for rate in serving_rates if rate]
    are_all_known = len(known_rates) == len(serving_rates)
    total_rate = sum(known_rates) if known_rates and are_all_known else None
    return LinkSum(
        scale=load.manifest.apart[0].scale,
        hosts=hosts,
        sum_bits_per_second=total_rate,
        payload_bits_per_second=total_rate * PAYLOAD if total_rate else None,
        mean_share=_share(mean_bits_per_second(load.held_bytes), total_rate),
        sustained_share=_share(sustained_bits_per_second(load.held_bytes), total_rate),
        emulated=not load.manifest.has_real_hosts,
    )


def links_by_host(load: MeasuredLoad) -> tuple[HostLink, ...]:
    """Return the link of each host that has one of its own, in the experiment's order."""
    manifest = load.manifest
    limits, roles = link_rates(load), roles_by_host(manifest)
    samples_by_host = held_samples(load)
    host_links: list[HostLink] = []
    for host in manifest.apart:
        limit, samples = limits.get(host.name), samples_by_host.get(host.name, [])
        sent, received = _mean_rate(samples, "sent"), _mean_rate(samples, "received")
        host_links.append(
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
    return tuple(host_links)


def carried_rate(link: HostLink, direction: Direction) -> float | None:
    """Return what a link carried one way in bits per second, or None if it was not sampled."""
    return link.sent_bits_per_second if direction == "sent" else link.received_bits_per_second


def carried_share(link: HostLink, direction: Direction) -> float | None:
    """Return the share of its rate that a link carried one way.

    None is returned if it was not shaped or not sampled.
    """
    return _share(carried_rate(link, direction), link.link_bits_per_second)


def busier_direction(link: HostLink) -> Direction:
    """Return the direction in which a link carried more, or "sent" if it was not sampled."""
    sent, received = link.sent_bits_per_second or 0.0, link.received_bits_per_second or 0.0
    return "received" if received > sent else "sent"


def _mean_rate(samples: Sequence[HostSample], direction: Direction) -> float | None:
    if not samples:
        return None
    return carried_bytes(samples, direction) * BITS_PER_BYTE / elapsed_seconds(samples)


def _share(rate: float | None, total: float | None) -> float | None:
    return rate / total if rate is not None and total else None

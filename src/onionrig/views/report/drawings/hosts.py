"""Describe a drawing of hosts: a box per host, or a box for many that are alike."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from onionrig.analysis.hosts.facts import roles_by_host
from onionrig.analysis.hosts.links import FULL, carried_rate, carried_share
from onionrig.analysis.wording import named_runs
from onionrig.records import Part
from onionrig.records.hosts import HostLink
from onionrig.records.manifest import HostRecord
from onionrig.units import cores_text, counted
from onionrig.views.report.drawings.host_boxes import HostBox, HostsDrawing, Strand, Way
from onionrig.views.report.value_text import percent, rate, rates, wait
from onionrig.views.roles import UNSEEN, roles_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.hosts import LinkSum
    from onionrig.records.manifest import Manifest
    from onionrig.views.report.drawings.host_boxes import Direction

MOST_SINGLE = 10
"""Most hosts that are drawn one by one; of more, equal ones share a box."""
MOST_CHARACTERS = 32
"""Longest line beside a link, in characters."""


class _DrawnHost(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that is known about one host."""

    facts: HostRecord
    link: HostLink
    roles: dict[str, int]


def hosts_drawing(links: LinkSum, manifest: Manifest) -> HostsDrawing:
    """Return the drawing of the hosts and their links."""
    facts = {host.name: host for host in manifest.apart}
    roles = roles_by_host(manifest)
    hosts = [
        _DrawnHost(
            facts=facts[link.host],
            link=link,
            roles={
                role: number
                for role, number in sorted(roles.get(link.host, {}).items(), key=_order)
                if role not in UNSEEN
            },
        )
        for link in links.hosts
    ]
    serving = _boxes([host for host in hosts if host.link.serves], many=len(hosts) > MOST_SINGLE)
    others = _boxes([host for host in hosts if not host.link.serves], many=len(hosts) > MOST_SINGLE)
    return HostsDrawing(title=_description(hosts, serving, others), serving=serving, others=others)


def delay_text(seconds: float) -> str:
    """Return the delay of a link, down to 0.1 ms."""
    return f"{1000 * seconds:.4g} ms" if seconds < 1 else wait(seconds)


def _order(item: tuple[str, int]) -> int:
    """Return the sort key that puts the most frequent role first."""
    return -item[1]


def _boxes(hosts: Sequence[_DrawnHost], *, many: bool) -> tuple[HostBox, ...]:
    alike: dict[object, list[_DrawnHost]] = {}
    for host in hosts:
        board = host.facts.board.id if host.facts.board else None
        kind = (board, frozenset(host.roles), host.link.link_bits_per_second is None)
        alike.setdefault(kind if many else host.facts.name, []).append(host)
    return tuple(_box(group) for group in alike.values())


def _box(hosts: Sequence[_DrawnHost]) -> HostBox:
    names = [host.facts.name for host in hosts]
    board = hosts[0].facts.board
    suffix = " each" if len(hosts) > 1 else ""
    roles = [
        (role, min(host.roles[role] for host in hosts), max(host.roles[role] for host in hosts))
        for role in hosts[0].roles
    ]
    details = [
        *((named_runs(names),) if len(hosts) > 1 else ()),
        *((board.name,) if board else ()),
        f"{roles_text(roles)}{suffix}",
        f"{_link(hosts)}{suffix}",
        *_cpu(hosts, suffix),
    ]
    return HostBox(
        title=names[0] if len(hosts) == 1 else counted(len(hosts), "host"),
        details=tuple(details),
        ways=(_way(hosts, "sent"), _way(hosts, "received")),
    )


def _link(hosts: Sequence[_DrawnHost]) -> str:
    link_rates = [host.link.link_bits_per_second for host in hosts]
    shaped = [rate for rate in link_rates if rate is not None]
    real = any(host.facts.kind == "remote" for host in hosts)
    unknown = "link of unknown rate" if real else "link not shaped"
    text = f"link {_span(shaped)}" if shaped else unknown
    changed = not real and any(
        host.link.link_bits_per_second != host.facts.link_bits_per_second for host in hosts
    )
    text += " on average" if changed else ""
    delays = sorted(host.facts.delay_seconds for host in hosts)
    if not delays[-1]:
        return text
    low, high = delay_text(delays[0]), delay_text(delays[-1])
    return f"{text}, delay {high if low == high else f'{low} to {high}'}"


def _cpu(hosts: Sequence[_DrawnHost], suffix: str) -> tuple[str, ...]:
    core_counts = sorted(cores for host in hosts if (cores := host.facts.cpu_cores) is not None)
    if not core_counts:
        return ()
    low, high = core_counts[0], core_counts[-1]
    text = cores_text(high) if low == high else f"{low:.4g} to {cores_text(high)}"
    return (f"CPU: {text}{suffix}",)


def _way(hosts: Sequence[_DrawnHost], direction: Direction) -> Way:
    carried_rates = [carried_rate(host.link, direction) for host in hosts]
    known_rates = [rate for rate in carried_rates if rate is not None]
    strands = tuple(_strand(host.link, direction) for host in hosts)
    subject = "host" if len(hosts) == 1 else "hosts"
    if not known_rates:
        unknown = f"{subject} {direction}: not known"
        return Way(direction=direction, lines=(unknown,), strands=strands)
    shares = sorted(strand.share for strand in strands if strand.share is not None)
    full_count = sum(strand.full for strand in strands)
    text = f"{subject} {direction} {_span(known_rates)}"
    if len(hosts) == 1:
        part = (
            (f"{percent(shares[0])} of its link{', full' if full_count else ''}",) if shares else ()
        )
        return Way(direction=direction, lines=(text, *part), strands=strands)
    each_line = f"each, {_shares(shares)} of its link" if shares else "each"
    full_lines = (f"{full_count} of {len(hosts)} full",) if full_count else ()
    lines = (*textwrap.wrap(text, MOST_CHARACTERS), each_line, *full_lines)
    return Way(direction=direction, lines=lines, strands=strands)


def _strand(link: HostLink, direction: Direction) -> Strand:
    share = carried_share(link, direction)
    return Strand(share=share, full=share is not None and share >= FULL)


def _span(values: Sequence[float]) -> str:
    """Return the range of rates, or the single one."""
    low, high = min(values), max(values)
    return rate(high) if rate(low) == rate(high) else rates(low, high)


def _shares(shares: Sequence[float]) -> str:
    low, high = percent(shares[0]), percent(shares[-1])
    return high if low == high else f"{low.removesuffix(' %')} to {high}"


def _description(hosts: Sequence[_DrawnHost], *columns: Sequence[HostBox]) -> str:
    """Describe the drawing: who runs what behind which link, and which links are full."""
    full_hosts = [host.facts.name for host in hosts if host.link.full]
    kind = "host" if any(host.facts.kind == "remote" for host in hosts) else "emulated host"
    boxes = "; ".join(
        f"{box.title}: {', '.join(box.details)}" for column in columns for box in column
    )
    return (
        f"A switch and the {counted(len(hosts), kind)} that it joins, with what their "
        f"links carried in the hold. {boxes}. "
        f"Full: {named_runs(full_hosts) if full_hosts else 'none'}. The table has the rates."
    )

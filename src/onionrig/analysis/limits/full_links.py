"""Check whether links of hosts were full: all that goodput has to pass, or some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.hosts.facts import roles_by_host, serving_role
from onionrig.analysis.hosts.links import busier_direction, carried_rate, links
from onionrig.analysis.limits.findings import LimitFinding
from onionrig.analysis.load.windows import mean_bits_per_second
from onionrig.analysis.wording import named_runs, part_text
from onionrig.records.findings import Evidence
from onionrig.records.hosts import HostLink
from onionrig.rig.model import Role
from onionrig.units import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.hosts import LinkSum
    from onionrig.records.manifest import Manifest


class LinksCheck(msgspec.Struct, frozen=True, kw_only=True):
    """All comparisons with the links' rates, and which links were full."""

    evidence: tuple[Evidence, ...] = ()
    all_of_a_kind: LimitFinding | None = None
    """Finding that every link that goodput has to pass on hosts of one kind was full: no more could
    have come, whatever else was full."""
    some: LimitFinding | None = None
    """Finding that some links were full; others could have carried more."""
    some_were: str = ""
    """Beginning of a sentence that says how many links were full."""


class TaskHosts(msgspec.Struct, frozen=True, kw_only=True):
    """Hosts that share a task, and whose links all goodput passes."""

    name: str
    """Description of these hosts."""
    links: tuple[HostLink, ...]


def check_links(load: MeasuredLoad) -> LinksCheck:
    """Compare each link with its rate, and goodput with the capacity of the links that serve."""
    link_sum = links(load)
    if link_sum is None:
        return LinksCheck()
    kinds = _kinds(load.manifest, link_sum)
    full_links = tuple(link for link in link_sum.hosts if link.full)
    full_kind = next((kind for kind in kinds if all(link.full for link in kind.links)), None)
    kind_with_full_links = next(
        (kind for kind in kinds if set(full_links) <= set(kind.links)), None
    )
    return LinksCheck(
        evidence=(*_evidence_by_link(link_sum), *_evidence_of_all(load, link_sum)),
        all_of_a_kind=_finding_of_all(full_kind) if full_kind else None,
        some=_finding_of_some(full_links, kind_with_full_links)
        if full_links and not full_kind
        else None,
        some_were=_count_text(full_links, kind_with_full_links),
    )


def _kinds(manifest: Manifest, link_sum: LinkSum) -> list[TaskHosts]:
    """Return the hosts that serve, those of the clients and those of the relays, if any."""
    is_direct = manifest.mode == "without tor"
    roles = roles_by_host(manifest)
    tasks = (
        (serving_role(manifest), "a source" if is_direct else "backend instances"),
        (Role.SINK if is_direct else Role.CLIENT, "a sink" if is_direct else "clients"),
        (Role.RELAY, "relays"),
    )
    kinds = (
        TaskHosts(
            name=f"hosts with {task}",
            links=tuple(link for link in link_sum.hosts if role in roles.get(link.host, {})),
        )
        for role, task in tasks
    )
    return [kind for kind in kinds if kind.links]


def _finding_of_all(kind: TaskHosts) -> LimitFinding:
    if len(kind.links) == 1:
        return _finding(kind.links, f"the link of {_hosts_text(kind.links)} was full:")
    beginning = f"the links of all {len(kind.links)} {kind.name} were full:"
    return _finding(kind.links, f"{beginning} {_hosts_text(kind.links)}")


def _finding_of_some(full_links: Sequence[HostLink], kind: TaskHosts | None) -> LimitFinding:
    """Name the full links, and how many of their kind there are if all are of one kind."""
    if kind is not None:
        return _finding(
            full_links, f"{_count_text(full_links, kind)} full: {_hosts_text(full_links)}"
        )
    if len(full_links) == 1:
        return _finding(full_links, f"the link of {_hosts_text(full_links)} was full:")
    return _finding(full_links, f"the links of {_hosts_text(full_links)} were full: they")


def _finding(full_links: Sequence[HostLink], beginning: str) -> LimitFinding:
    """Complete a sentence with what the links carried together."""
    directions = [busier_direction(link) for link in full_links]
    carried_bits = sum(
        carried_rate(link, direction) or 0.0
        for link, direction in zip(full_links, directions, strict=True)
    )
    limit = sum(link.link_bits_per_second or 0.0 for link in full_links)
    direction_text = directions[0] if len(set(directions)) == 1 else "carried"
    rates_text = f"{direction_text} {part_text(carried_bits, limit)}"
    has_several = len(full_links) > 1
    return LimitFinding(
        kind="interface",
        subject=f"link{'s' if has_several else ''} of {_hosts_text(full_links)}",
        sentence=f"{beginning} {rates_text}{' together' if has_several else ''}",
    )


def _count_text(full_links: Sequence[HostLink], kind: TaskHosts | None) -> str:
    verb = "was" if len(full_links) == 1 else "were"
    if kind is None:
        return f"{counted(len(full_links), 'link')} {verb}"
    return f"{len(full_links)} of the {counted(len(kind.links), 'link')} of {kind.name} {verb}"


def _hosts_text(full_links: Sequence[HostLink]) -> str:
    return named_runs([link.host for link in full_links])


def _evidence_by_link(link_sum: LinkSum) -> list[Evidence]:
    """Return evidence for each sampled link; an unshaped one only if it carried anything."""
    evidence: list[Evidence] = []
    for link in link_sum.hosts:
        direction = busier_direction(link)
        rate = carried_rate(link, direction) or 0.0
        if link.sent_bits_per_second is not None and (rate or link.link_bits_per_second):
            evidence.append(
                Evidence(
                    what=f"link of {link.host}, {direction}",
                    measured=rate,
                    limit=link.link_bits_per_second,
                    unit="bits per second",
                    at_limit=link.full,
                )
            )
    return evidence


def _evidence_of_all(load: MeasuredLoad, link_sum: LinkSum) -> list[Evidence]:
    serving_links = [link for link in link_sum.hosts if link.serves]
    mean = mean_bits_per_second(load.held_bytes)
    if link_sum.payload_bits_per_second is None or mean is None:
        return []
    what = f"goodput, of the TCP payload that {_links_that_serve(len(serving_links))} can carry"
    return [
        Evidence(
            what=what,
            measured=mean,
            limit=link_sum.payload_bits_per_second,
            unit="bits per second",
            at_limit=all(link.full for link in serving_links),
        )
    ]


def _links_that_serve(number: int) -> str:
    if number == 1:
        return "the link of the host that serves"
    return f"the links of the {number} hosts that serve together"

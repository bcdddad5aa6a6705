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
    measured = links(load)
    if measured is None:
        return LinksCheck()
    kinds = _kinds(load.manifest, measured)
    full = tuple(link for link in measured.hosts if link.full)
    whole = next((kind for kind in kinds if all(link.full for link in kind.links)), None)
    some = next((kind for kind in kinds if set(full) <= set(kind.links)), None)
    return LinksCheck(
        evidence=(*_evidence_by_link(measured), *_evidence_of_all(load, measured)),
        all_of_a_kind=_all(whole) if whole else None,
        some=_some(full, some) if full and not whole else None,
        some_were=_were(full, some),
    )


def _kinds(manifest: Manifest, measured: LinkSum) -> list[TaskHosts]:
    """Return the hosts that serve, those of the clients and those of the relays, if any."""
    direct = manifest.mode == "without tor"
    roles = roles_by_host(manifest)
    tasks = (
        (serving_role(manifest), "a source" if direct else "backend instances"),
        (Role.SINK if direct else Role.CLIENT, "a sink" if direct else "clients"),
        (Role.RELAY, "relays"),
    )
    kinds = (
        TaskHosts(
            name=f"hosts with {what}",
            links=tuple(link for link in measured.hosts if role in roles.get(link.host, {})),
        )
        for role, what in tasks
    )
    return [kind for kind in kinds if kind.links]


def _all(kind: TaskHosts) -> LimitFinding:
    if len(kind.links) == 1:
        return _finding(kind.links, f"the link of {_named(kind.links)} was full:")
    every_link = f"the links of all {len(kind.links)} {kind.name} were full:"
    return _finding(kind.links, f"{every_link} {_named(kind.links)}")


def _some(full: Sequence[HostLink], kind: TaskHosts | None) -> LimitFinding:
    """Name the full links, and how many of their kind there are if all are of one kind."""
    if kind is not None:
        return _finding(full, f"{_were(full, kind)} full: {_named(full)}")
    if len(full) == 1:
        return _finding(full, f"the link of {_named(full)} was full:")
    return _finding(full, f"the links of {_named(full)} were full: they")


def _finding(full: Sequence[HostLink], beginning: str) -> LimitFinding:
    """Complete a sentence with what the links carried together."""
    directions = [busier_direction(link) for link in full]
    carried = sum(
        carried_rate(link, direction) or 0.0
        for link, direction in zip(full, directions, strict=True)
    )
    limit = sum(link.link_bits_per_second or 0.0 for link in full)
    done = directions[0] if len(set(directions)) == 1 else "carried"
    came = f"{done} {part_text(carried, limit)}"
    several = len(full) > 1
    return LimitFinding(
        kind="interface",
        subject=f"link{'s' if several else ''} of {_named(full)}",
        sentence=f"{beginning} {came}{' together' if several else ''}",
    )


def _were(full: Sequence[HostLink], kind: TaskHosts | None) -> str:
    were = "was" if len(full) == 1 else "were"
    if kind is None:
        return f"{counted(len(full), 'link')} {were}"
    return f"{len(full)} of the {counted(len(kind.links), 'link')} of {kind.name} {were}"


def _named(some: Sequence[HostLink]) -> str:
    return named_runs([link.host for link in some])


def _evidence_by_link(measured: LinkSum) -> list[Evidence]:
    """Return evidence for each sampled link; an unshaped one only if it carried anything."""
    evidence: list[Evidence] = []
    for link in measured.hosts:
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


def _evidence_of_all(load: MeasuredLoad, measured: LinkSum) -> list[Evidence]:
    serving = [link for link in measured.hosts if link.serves]
    mean = mean_bits_per_second(load.held_bytes)
    if measured.payload_bits_per_second is None or mean is None:
        return []
    what = f"goodput, of the TCP payload that {_links_that_serve(len(serving))} can carry"
    return [
        Evidence(
            what=what,
            measured=mean,
            limit=measured.payload_bits_per_second,
            unit="bits per second",
            at_limit=all(link.full for link in serving),
        )
    ]


def _links_that_serve(number: int) -> str:
    if number == 1:
        return "the link of the host that serves"
    return f"the links of the {number} hosts that serve together"

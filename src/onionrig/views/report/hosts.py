"""Emulated hosts and their links: what each could carry, and what it did in the hold."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from onionrig.units import cores_text
from onionrig.views.links import links_sentence
from onionrig.views.report.colours import BAD, MUTED
from onionrig.views.report.diagram import Drawing, Flow, Stage
from onionrig.views.report.document import UNKNOWN, Bar, Cell, Section, Table, columns
from onionrig.views.report.said import count, rate, wait

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.links import HostLink, Links
    from onionrig.records.manifest import EmulatedHost, Manifest
    from onionrig.records.result import Result

MOST_ROWS = 12
"""Links drawn one below the other; the last stands for all others."""
UNSHAPED = "not shaped"
INSTRUMENTS = frozenset({"sampler", "pinger", "dialler"})
"""Roles of what the rig measures with, on hosts of every kind: not worth naming."""
NUMERIC = ("delay", "CPU", "sent", "received")


def hosts(result: Result, manifest: Manifest) -> Section | None:
    """Return the hosts and their links; nothing where none was emulated."""
    if result.links is None:
        return None
    return Section(
        name="hosts",
        title="Hosts and links",
        finding=f"{links_sentence(result.links)} Means over the hold, frames included.",
        blocks=(hosts_drawing(result.links), _table(result.links, manifest)),
    )


def hosts_drawing(links: Links) -> Drawing:
    """Draw every host at the switch: on the left those that are sent more than they send."""
    taking = [link for link in links.hosts if _carried(link, "received") > _carried(link, "sent")]
    giving = [link for link in links.hosts if link not in taking]
    return Drawing(
        title="The hosts and their links, and what each carried in the hold",
        stages=(
            _stage(taking, "receiving"),
            Stage(title="switch", details=(), inside=(count(len(links.hosts), "link"),)),
            _stage(giving, "sending"),
        ),
        links=(_flows(taking, "received"), _flows(giving, "sent")),
    )


def _stage(some: Sequence[HostLink], doing: str) -> Stage:
    nodes = [f"{link.host} · {_could(link)}" for link in some]
    kept, others = (nodes, []) if len(nodes) <= MOST_ROWS else _cut(nodes)
    return Stage(
        title=count(len(some), "host"),
        details=(doing,),
        nodes=(*kept, *([f"{len(others)} more"] if others else [])),
    )


def _flows(some: Sequence[HostLink], direction: str) -> tuple[Flow, ...]:
    flows = [
        Flow(bits_per_second=_carried(link, direction), colour=BAD if link.full else MUTED)
        for link in some
    ]
    if len(flows) <= MOST_ROWS:
        return tuple(flows)
    kept, others = flows[: MOST_ROWS - 1], flows[MOST_ROWS - 1 :]
    return (
        *kept,
        Flow(
            bits_per_second=sum(flow.bits_per_second or 0.0 for flow in others),
            colour=BAD if all(flow.colour == BAD for flow in others) else MUTED,
        ),
    )


def _cut(nodes: list[str]) -> tuple[list[str], list[str]]:
    return nodes[: MOST_ROWS - 1], nodes[MOST_ROWS - 1 :]


def _carried(link: HostLink, direction: str) -> float:
    rate = link.received_bits_per_second if direction == "received" else link.sent_bits_per_second
    return rate or 0.0


def _could(link: HostLink) -> str:
    return UNSHAPED if link.link_bits_per_second is None else rate(link.link_bits_per_second)


def _table(links: Links, manifest: Manifest) -> Table:
    known = {host.name: host for host in manifest.emulated}
    return Table(
        caption="Each host's link",
        columns=columns(
            "host", "board", "runs", "link", *NUMERIC, "of the link",
            numeric=NUMERIC, long=("board", "runs"),
        ),
        rows=tuple(_row(link, known.get(link.host), manifest) for link in links.hosts),
    )  # fmt: skip


def _row(link: HostLink, host: EmulatedHost | None, manifest: Manifest) -> tuple[Cell, ...]:
    limit = link.link_bits_per_second
    busier = max(_carried(link, "sent"), _carried(link, "received"))
    share = busier / limit if limit else 0.0
    shown = Bar(text=f"{100 * share:.0f} %", share=min(1.0, share), full=link.full)
    return (
        link.host,
        link.board or UNKNOWN,
        _runs(manifest, link.host),
        _could(link),
        wait(host.delay_seconds) if host is not None and host.delay_seconds else "none",
        "not limited" if host is None or host.cpu_cores is None else cores_text(host.cpu_cores),
        rate(link.sent_bits_per_second),
        rate(link.received_bits_per_second),
        shown if limit else UNKNOWN,
    )


def _runs(manifest: Manifest, host: str) -> str:
    """Say what runs on a host: how many of each role."""
    roles = Counter(
        record.role
        for record in manifest.services
        if record.host == host and record.role not in INSTRUMENTS
    )
    return ", ".join(f"{amount} {role}" if amount > 1 else role for role, amount in roles.items())

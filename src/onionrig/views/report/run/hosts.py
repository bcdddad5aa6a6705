"""Write the section on hosts and links: what each could carry, and did in the hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.hosts.links import busier_direction, carried_share
from onionrig.analysis.load.lost_hosts import loss_moment
from onionrig.units import cores_text
from onionrig.views.report.document import UNKNOWN, Bar, Cell, ReportTable, Section, columns
from onionrig.views.report.drawings.hosts import delay_text, hosts_drawing
from onionrig.views.report.value_text import percent, rate
from onionrig.views.roles import services_text
from onionrig.views.summary.hosts import clock_text, cpu_text, temperature_text
from onionrig.views.summary.links import links_sentence, unknown_text

if TYPE_CHECKING:
    from onionrig.records.hosts import HostLink, LinkSum
    from onionrig.records.manifest import HostRecord, Manifest
    from onionrig.records.result import Result

NUMERIC = ("link", "delay", "CPU", "sent", "received")


def hosts(result: Result, manifest: Manifest) -> Section | None:
    """Return the hosts and their links, or None if all ran on this machine."""
    if result.links is None:
        return None
    return Section(
        name="hosts",
        title="Hosts and links",
        finding=f"{links_sentence(result.links)} Rates are means over the hold and include frame "
        "headers; a host sends towards the switch and receives from it.",
        blocks=(
            hosts_drawing(result.links, manifest),
            _table(result.links, manifest),
            *_figures(result),
        ),
    )


def _table(links: LinkSum, manifest: Manifest) -> ReportTable:
    """Return a row per host; columns without any value are left out."""
    known = {host.name: host for host in manifest.apart}
    unknown = unknown_text(links)
    rows = [_row(link, known.get(link.host), unknown=unknown) for link in links.hosts]
    titles = [title for title in rows[0] if any(row[title] for row in rows)]
    return ReportTable(
        caption="Each host's link, and what it carried in the hold",
        columns=columns(*titles, numeric=NUMERIC),
        rows=tuple(tuple(row[title] or UNKNOWN for title in titles) for row in rows),
    )


def _figures(result: Result) -> tuple[ReportTable, ...]:
    """Return a table of what each host ran and did; empty for old results."""
    if not result.hosts:
        return ()
    lost = {host.name: host for host in result.lost_hosts}
    rows: list[dict[str, Cell]] = [
        {
            "host": host.name,
            "runs": services_text(host.services),
            "serves": rate(host.goodput_bits_per_second) if host.goodput_bits_per_second else "",
            "cores in use": cpu_text(host),
            "hottest": temperature_text(host.highest_temperature_celsius),
            "slowest clock": ""
            if host.lowest_clock_hertz is None
            else f"{host.lowest_clock_hertz / 1e9:.2f} GHz",
            "throttling": ", ".join(host.throttling),
            "clock ahead by": clock_text(host.clock_offset_seconds),
            "lost": loss_moment(lost[host.name]) if host.name in lost else "",
        }
        for host in result.hosts
    ]
    titles = [title for title in rows[0] if any(row[title] for row in rows)]
    table = ReportTable(
        caption="What each host ran, and did in the hold",
        columns=columns(*titles, numeric=("serves", "cores in use", "hottest", "slowest clock")),
        rows=tuple(tuple(row[title] or UNKNOWN for title in titles) for row in rows),
    )
    return (table,)


def _row(link: HostLink, host: HostRecord | None, *, unknown: str) -> dict[str, Cell]:
    """Return the cells of a host by column; empty if it has no such value."""
    delay = host.delay_seconds if host is not None else 0.0
    cores = host.cpu_cores if host is not None else None
    limit = link.link_bits_per_second
    return {
        "host": link.host,
        "board": link.board or "",
        "link": unknown if limit is None else rate(limit),
        "delay": delay_text(delay) if delay else "",
        "CPU": "" if cores is None else cores_text(cores),
        "sent": rate(link.sent_bits_per_second),
        "received": rate(link.received_bits_per_second),
        "of the link": _share(link),
    }


def _share(link: HostLink) -> Cell:
    """Return how full the link was in its busier direction."""
    share = carried_share(link, busier_direction(link))
    if share is None:
        return ""
    text = f"{percent(share)}{', full' if link.full else ''}"
    return Bar(text=text, share=min(1.0, share), full=link.full)

"""Show what each real host ran and did over the hold, as a table of the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from onionrig.analysis.hosts.links import busier_direction, carried_rate, carried_share
from onionrig.units import percent_text, rate_text
from onionrig.views.roles import services_text

if TYPE_CHECKING:
    from onionrig.records.hosts import HostFigures, HostLink
    from onionrig.records.result import Result

MENTIONED_CORES = 0.01
"""Fewest cores of others that are mentioned."""
LEFT = ("host", "runs", "throttling")


def hosts_table(result: Result) -> Table | None:
    """Return a row per host, or None if no host is real."""
    if result.links is None or result.links.emulated or not result.hosts:
        return None
    links = {link.host: link for link in result.links.hosts}
    rows = [_row(host, links.get(host.name)) for host in result.hosts]
    titles = [title for title in rows[0] if any(row[title] for row in rows)]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in titles:
        justify = "left" if title in LEFT else "right"
        table.add_column(title, justify=justify, overflow="fold")  # type: ignore[arg-type]  # literals
    for row in rows:
        table.add_row(*(Text(row[title] or "-") for title in titles))
    return table


def cpu_text(host: HostFigures) -> str:
    """Return the cores of a host in use by the rig, and in total; empty if not sampled."""
    if host.rig_cores is None:
        return ""
    text = f"{host.rig_cores:.2f}" + (f" of {host.cores:g}" if host.cores else "")
    other_cores = (host.used_cores or 0.0) - host.rig_cores
    return f"{text}, others {other_cores:.2f}" if other_cores >= MENTIONED_CORES else text


def temperature_text(celsius: float | None) -> str:
    """Return a temperature; empty if it is unknown."""
    return "" if celsius is None else f"{celsius:.1f} °C"


def clock_text(offset_seconds: float | None) -> str:
    """Return how far a clock is ahead (positive) of the controller's; empty if unknown."""
    # a typographic minus, as wide as the plus
    return "" if offset_seconds is None else f"{1e3 * offset_seconds:+.0f} ms".replace("-", "−")  # noqa: RUF001 - meant


def _row(host: HostFigures, link: HostLink | None) -> dict[str, str]:
    """Return the cells of a host by column; empty if nothing is known."""
    return {
        "host": host.name,
        "runs": services_text(host.services),
        "serves": rate_text(host.goodput_bits_per_second) if host.goodput_bits_per_second else "",
        "CPU": cpu_text(host),
        "link": _link(link),
        "hottest": temperature_text(host.highest_temperature_celsius),
        "throttling": ", ".join(host.throttling),
        "clock ahead": clock_text(host.clock_offset_seconds),
    }


def _link(link: HostLink | None) -> str:
    """Return what a link carried in its busier direction, and its share of the rate."""
    if link is None or link.sent_bits_per_second is None:
        return ""
    direction = busier_direction(link)
    share = carried_share(link, direction)
    text = f"{direction} {rate_text(carried_rate(link, direction) or 0.0)}"
    return (
        text if share is None else f"{text}, {percent_text(share)}{', full' if link.full else ''}"
    )

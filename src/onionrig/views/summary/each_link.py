"""Show what the link of each serving host carried alone and with all others, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from onionrig.units import rate_text
from onionrig.views.summary.hosts import cpu_text, temperature_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onionrig.records.hosts import HostFigures, HostLink
    from onionrig.records.result import Result

TITLES = ("link", "alone", "all at once", "interface", "CPU", "hottest")


def each_link_table(single_results: Mapping[str, Result], together: Result) -> Table:
    """Return a row for each serving host, and one for all of them.

    Rates are means over the hold. The interface, the CPU and the temperature are those of the host
    while it served alone.
    """
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in TITLES:
        table.add_column(title, justify="left" if title == "link" else "right")
    shared = {share.name: share.share for share in together.backends}
    mean = together.goodput.mean_bits_per_second
    for name, result in single_results.items():
        host = next((host for host in result.hosts if host.name == name), None)
        table.add_row(
            name,
            _rate(result.goodput.mean_bits_per_second),
            _rate(None if mean is None else mean * shared.get(name, 0.0)),
            _interface(next((link for link in _links(result) if link.host == name), None)),
            cpu_text(host) if host else "-",
            _temperature(host),
        )
    sums = [result.goodput.mean_bits_per_second or 0.0 for result in single_results.values()]
    table.add_row("sum", _rate(sum(sums)), _rate(mean), "", "", "")
    return table


def _links(result: Result) -> tuple[HostLink, ...]:
    return () if result.links is None else result.links.hosts


def _interface(link: HostLink | None) -> str:
    return "-" if link is None else _rate(link.sent_bits_per_second)


def _temperature(host: HostFigures | None) -> str:
    return (temperature_text(host.highest_temperature_celsius) if host else "") or "-"


def _rate(bits_per_second: float | None) -> str:
    return "-" if bits_per_second is None else rate_text(bits_per_second)

"""Show what a host does now, in lines like those of ifstat and top."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from onionrig.units import percent_text, rate_text

if TYPE_CHECKING:
    from onionrig.analysis.hosts.host_rates import HostRates


def host_line(rates: HostRates) -> str:
    """Return the state of a host in one line."""
    board = rates.board
    texts = [
        f"CPU {percent_text(rates.user_share)} user, {percent_text(rates.system_share)} system, "
        f"{percent_text(rates.idle_share)} idle"
        + (f", {percent_text(rates.steal_share)} stolen" if rates.steal_share > 0 else ""),
        f"load {rates.load_average:.2f}",
    ]
    if board.temperature_celsius is not None:
        texts.append(f"{board.temperature_celsius:.1f} °C")
    if board.clock_hertz is not None:
        governor = f" ({board.governor})" if board.governor else ""
        texts.append(f"{board.clock_hertz / 1e9:.2f} GHz{governor}")
    if board.throttling:
        texts.append(f"throttling: {', '.join(board.throttling)}")
    if rates.retransmitted_per_second:
        texts.append(f"{rates.retransmitted_per_second:.0f} TCP segments/s retransmitted")
    return "; ".join(texts)


def interfaces_line(rates: HostRates) -> str:
    """Return the rates of the interfaces in one line, empty if none carries anything."""
    return ", ".join(
        f"{interface.name} {rate_text(interface.received_bits_per_second)} in, "
        f"{rate_text(interface.sent_bits_per_second)} out"
        for interface in rates.interfaces
    )


def interfaces_table(rates: HostRates) -> Table:
    """Draw the rates of the interfaces."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("interface", "in", "out", "packets/s in", "packets/s out"):
        table.add_column(heading, justify="left" if heading == "interface" else "right")
    for interface in rates.interfaces:
        table.add_row(
            interface.name,
            rate_text(interface.received_bits_per_second),
            rate_text(interface.sent_bits_per_second),
            f"{interface.received_packets_per_second:.0f}",
            f"{interface.sent_packets_per_second:.0f}",
        )
    return table

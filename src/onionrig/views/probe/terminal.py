"""Show a probe in a terminal: the board, its speeds, what follows from them, doubts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from onionrig.records.probe import CELL_BYTES, RECORD_BYTES
from onionrig.units import BITS_PER_BYTE, rate_text
from onionrig.views.probe.words import (
    board_text,
    meanings,
    temperature_text,
    throttling_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from onionrig.records.probe import Probe, ProbedInterface

BYTES_PER_MB = 1e6
_TO_THE_UNIT = 100.0


def probe_view(probe: Probe) -> RenderableType:
    """Draw a probe."""
    return Group(
        Text(board_text(probe), style="bold"),
        Text(
            f"{probe.host.name}, {probe.made}, {probe.openssl}; took {probe.seconds:.0f} s",
            style="dim",
        ),
        Text(),
        _speeds(probe),
        Text(),
        _others(probe),
        Text(),
        *(Text(meaning) for meaning in meanings(probe)),
        *(Text(f"doubt: {trouble}", style="yellow") for trouble in probe.troubles),
    )


def _speeds(probe: Probe) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("one core, MB/s")
    for heading in (f"{CELL_BYTES} bytes", f"{RECORD_BYTES // 1024} KiB"):
        table.add_column(heading, justify="right")
    for algorithm in dict.fromkeys(speed.algorithm for speed in probe.speeds):
        table.add_row(
            algorithm,
            *(_mb(probe.speed(algorithm, size)) for size in (CELL_BYTES, RECORD_BYTES)),
        )
    return table


def _others(probe: Probe) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in _lines(probe):
        table.add_row(name, Text(value))
    return table


def _lines(probe: Probe) -> Iterator[tuple[str, str]]:
    at_once, loopback = probe.all_cores_sha3_bytes_per_second, probe.loopback
    yield "all cores", f"{_mb(at_once)} MB/s of sha3-256 in blocks of {CELL_BYTES} bytes"
    rate = rate_text(loopback.bytes_per_second * BITS_PER_BYTE)
    yield (
        "loopback TCP",
        f"{rate}; {_mb(loopback.bytes_per_cpu_second)} MB per CPU-second of both ends",
    )
    for interface in probe.interfaces:
        yield interface.name, _link(interface)
    if not probe.interfaces:
        yield "interfaces", "none is up"
    yield "instructions", ", ".join(probe.instructions) or "none of those that matter here"
    yield "temperature", temperature_text(probe.before, probe.after)
    yield "throttled", throttling_text(probe.after)


def _link(interface: ProbedInterface) -> str:
    rate = interface.link_bits_per_second
    return f"{interface.kind}, {'rate unknown' if rate is None else rate_text(rate)}"


def _mb(bytes_per_second: float | None) -> str:
    if bytes_per_second is None:
        return ""
    mb = bytes_per_second / BYTES_PER_MB
    return f"{mb:,.0f}" if mb >= _TO_THE_UNIT else f"{mb:.3g}"

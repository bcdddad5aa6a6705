"""The summary of a run, verdict first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from onionrig.units import percent_text, rate_text, size_text

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from onionrig.records.result import Result

SHARE_BAR = 24


def summary(result: Result, where: Path) -> RenderableType:
    """Draw a result: the sentence, the rates, the backends, the streams, the costs."""
    parts: list[RenderableType] = [headline(result), _rates(result)]
    if result.backends:
        parts += [Text(), _backends(result)]
    parts += [
        Text(f"{starved.name} served nothing: {starved.reason}", style="yellow")
        for starved in result.fairness.starved
    ]
    parts += [Text(), *_streams(result)]
    if result.costs:
        parts += [Text(), _costs(result)]
    parts += [Text(), Text(f"run directory: {where}", style="dim", overflow="fold")]
    return Group(*parts)


def headline(result: Result) -> Text:
    """Return the verdict in a sentence."""
    sustained = result.goodput.sustained_bits_per_second
    address = "one onion address"
    if result.status == "aborted":
        why = result.failure.message if result.failure else "unknown"
        measured = f"; until then {rate_text(sustained)} sustained" if sustained is not None else ""
        return Text(f"Aborted: {why}{measured}", style="bold red")
    if sustained is None:
        return Text(f"No rate was measured through {address}", style="bold red")
    said = f"{rate_text(sustained)} sustained through {address}"
    target, met = result.verdict.target_bits_per_second, result.verdict.met
    if target is None:
        return Text(said, style="bold green")
    verdict = "meets" if met else "misses"
    return Text(
        f"{said}: {verdict} the target of {rate_text(target)}",
        style="bold green" if met else "bold red",
    )


def _rates(result: Result) -> RenderableType:
    goodput = result.goodput
    table = _plain_table()
    table.add_row("sustained", _rate(goodput.sustained_bits_per_second), "worst 10 s of the hold")
    spread = f"variation {percent_text(goodput.variation)}" if goodput.variation is not None else ""
    table.add_row("median second", _rate(goodput.median_second_bits_per_second), spread)
    table.add_row(
        "seconds",
        f"{_rate(goodput.lowest_second_bits_per_second)} to "
        f"{_rate(goodput.highest_second_bits_per_second)}",
        f"{goodput.steady_seconds} s held"
        + (f", {goodput.missing_seconds} s missing" if goodput.missing_seconds else ""),
    )
    table.add_row("service", f"{result.mode}, {result.balancer}", result.address or "")
    up = result.bring_up_seconds
    table.add_row(
        "bring-up",
        _seconds(up.total),
        f"network {_seconds(up.network)}, frontend {_seconds(up.frontend)}, "
        f"first verified byte {_seconds(up.total)}",
    )
    return table


def _backends(result: Result) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading, justify in (("backend", "left"), ("share", "right"), ("", "left"),
                             ("bytes", "right"), ("streams", "right")):  # fmt: skip
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]  # literals, widened by the loop
    largest = max((backend.share for backend in result.backends), default=0.0)
    for backend in result.backends:
        filled = round(SHARE_BAR * backend.share / largest) if largest else 0
        table.add_row(
            backend.name,
            percent_text(backend.share),
            Text("█" * filled, style="cyan"),
            size_text(backend.bytes),
            str(backend.streams),
        )
    if result.fairness.jain is not None:
        table.caption = f"fairness: Jain's index {result.fairness.jain:.2f}"
        table.caption_justify = "left"
    return table


def _streams(result: Result) -> list[Text]:
    streams = result.streams
    first = streams.median_first_byte_seconds
    said = (
        f"streams: {streams.asked} asked, {streams.connected} connected, {streams.failed} failed, "
        f"{streams.reconnected} reconnected"
        + (f"; first byte after {first:.2f} s (median)" if first is not None else "")
    )
    lines = [Text(said)]
    lines += [
        Text(f"  {count} times {reason}", style="yellow")
        for reason, count in streams.failed_by_reason.items()
    ]
    style = "bold red" if result.bytes.corrupt else ""
    verified = size_text(result.bytes.verified)
    corrupt = size_text(result.bytes.corrupt) if result.bytes.corrupt else "none"
    return [*lines, Text(f"payload: {verified} verified, {corrupt} corrupt", style=style)]


def _costs(result: Result) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("role", "processes", "CPU-s per Gbit", "cores", "largest"):
        table.add_column(heading, justify="left" if heading == "role" else "right")
    for role, cost in result.costs.items():
        table.add_row(
            role,
            str(cost.processes),
            "-" if cost.cpu_seconds_per_gbit is None else f"{cost.cpu_seconds_per_gbit:.3f}",
            f"{cost.cores:.3f}",
            size_text(cost.peak_rss_bytes),
        )
    return table


def _plain_table() -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column()
    table.add_column(style="dim", overflow="fold")
    return table


def _rate(bits_per_second: float | None) -> str:
    return "-" if bits_per_second is None else rate_text(bits_per_second)


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f} s"

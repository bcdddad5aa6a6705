"""Show the summary of a run, verdict first; or what a source sent that only served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from onionrig.analysis.load.source_bytes import served_in_all
from onionrig.units import counted, percent_text, rate_text, size_text
from onionrig.views.core_speed_text import (
    arithmetic_text,
    carried_over_text,
    speed_text,
    speeds_text,
)
from onionrig.views.summary.aftermath import aftermath_lines
from onionrig.views.summary.dials import dials_lines
from onionrig.views.summary.hosts import hosts_table
from onionrig.views.summary.links import links_row
from onionrig.views.summary.thresholds import thresholds_clause, thresholds_table
from onionrig.views.summary.trust import bottleneck_lines, distrust, trust_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from onionrig.records.findings import Repetitions, RoundTrip
    from onionrig.records.recording import Recording
    from onionrig.records.result import Bytes, LoadFigure, Result

SHARE_BAR = 24


def summary(
    result: Result, where: str, notes: Sequence[str] = (), *, kind: str = "run directory"
) -> RenderableType:
    """Draw a result: the sentence, the rates, their bottleneck, backends, streams, costs, doubts.

    ``kind`` is what it was read from, at ``where``; ``notes`` are about the run's files.
    """
    parts: list[RenderableType] = [headline(result), _rates(result), *bottleneck_lines(result)]
    if result.verdict.thresholds:
        parts += [Text(), thresholds_table(result.verdict.thresholds)]
    if result.figures:
        parts += [Text(), _figures(result.figures)]
    if result.backends:
        parts += [Text(), _backends(result)]
    parts += [
        Text(f"{starved.name} served nothing: {starved.reason}", style="yellow")
        for starved in result.fairness.starved
    ]
    parts += [Text(), *_streams(result)]
    if result.dials is not None:
        parts += [Text(), *dials_lines(result.dials)]
    if result.aftermaths:
        parts += [Text(), *aftermath_lines(result.aftermaths)]
    if result.costs:
        parts += [Text(), _costs(result)]
    if (hosts := hosts_table(result)) is not None:
        parts += [Text(), hosts]
    parts += trust_lines(result, notes)
    parts += [Text(), Text(f"{kind}: {where}", style="dim", overflow="fold")]
    return Group(*parts)


def headline(result: Result) -> Text:
    """Return the verdict in a sentence, with the reason not to trust it, if there is one."""
    sustained = result.goodput.sustained_bits_per_second
    if result.status == "aborted":
        reason = result.failure.message if result.failure else "unknown"
        measured_text = (
            f"; {rate_text(sustained)} sustained in what was recorded"
            if sustained is not None
            else ""
        )
        return Text(f"Aborted: {reason}{measured_text}", style="bold red")
    if result.figures and sustained is None:
        figure = result.figures[0]
        sentence = f"{figure.name}: {figure_text(figure)} {_route_text(result)}"
        return _verdict(f"{sentence}{thresholds_clause(result)}", result)
    if sustained is None:
        return Text(f"No rate was measured {_route_text(result)}", style="bold red")
    sentence = (
        f"{rate_text(sustained)} sustained {_route_text(result)}{_repetitions_clause(result)}"
    )
    return _verdict(f"{sentence}{thresholds_clause(result)}", result)


def misses(result: Result) -> bool:
    """Return whether a run misses the target or another threshold; one without a verdict does not.

    A run that lost a host has no verdict.
    """
    return result.verdict.met is False or bool(result.verdict.missed and not result.lost_hosts)


def _verdict(sentence: str, result: Result) -> Text:
    doubted = distrust(result)
    style = "bold red" if misses(result) else "bold yellow" if doubted else "bold green"
    return Text(f"{sentence}{doubted}", style=style)


def served(recording: Recording) -> str:
    """Return in a sentence how much a source sent to sinks elsewhere, how long and how fast."""
    served = served_in_all(recording)
    if served is None:
        return "nobody pulled anything"
    return (
        f"served {size_text(served.sent_bytes)} in {served.seconds} s, "
        f"{rate_text(served.mean_bits_per_second)} on average, "
        f"{rate_text(served.highest_bits_per_second)} in the fastest second; the sink reports what "
        "arrived"
    )


def figure_text(figure: LoadFigure) -> str:
    """Return a figure of a load as text: its value with its unit, or a dash without one."""
    return "-" if figure.value is None else f"{figure.value:.3g} {figure.unit}".rstrip()


def _figures(figures: Sequence[LoadFigure]) -> RenderableType:
    table = _plain_table()
    for figure in figures:
        table.add_row(figure.name, figure_text(figure), figure.note)
    return table


def _route_text(result: Result) -> str:
    if result.mode != "without tor":
        return "through one onion address"
    unverified = ", unverified: the other side is foreign" if result.bytes.unverified else ""
    return f"over plain TCP, without Tor{unverified}"


def _repetitions_clause(result: Result) -> str:
    repetitions = result.repetitions
    return (
        f", the median of {repetitions.count} holds"
        if repetitions is not None and repetitions.count > 1
        else ""
    )


def _rates(result: Result) -> RenderableType:
    goodput = result.goodput
    table = _plain_table()
    table.add_row(
        "sustained", _rate(goodput.sustained_bits_per_second), "lowest mean of any 10 s of the hold"
    )
    repetitions = result.repetitions
    if repetitions is not None and repetitions.count > 1:
        table.add_row("repetitions", *_repetitions(repetitions))
    if repetitions is not None and repetitions.known is not None:
        table.add_row(
            "known", "yes" if repetitions.known.known else "no", repetitions.known.sentence
        )
    table.add_row(
        "mean",
        _rate(goodput.mean_bits_per_second),
        "over the whole hold, like the costs and shares below",
    )
    spread = ""
    if goodput.variation is not None:
        spread = f", standard deviation {percent_text(goodput.variation)} of the mean"
    table.add_row(
        "median",
        _rate(goodput.median_second_bits_per_second),
        f"of one-second rates{spread}",
    )
    table.add_row(
        "per second",
        f"{_rate(goodput.lowest_second_bits_per_second)} to "
        f"{_rate(goodput.highest_second_bits_per_second)}",
        f"lowest and highest of the {counted(goodput.steady_seconds, 'second')} of the hold"
        + (f", {goodput.missing_seconds} s missing" if goodput.missing_seconds else ""),
    )
    if result.links is not None:
        table.add_row("links", *links_row(result.links))
    if result.round_trip is not None and result.round_trip.lowest_seconds is not None:
        table.add_row("round trip", *_round_trip(result.round_trip))
    for name, value, remark in _core_speed(result):
        table.add_row(name, value, remark)
    address = result.address or ""
    if result.mode == "without tor":
        table.add_row("service", result.mode, address)
    else:
        table.add_row("service", result.mode, address)
        kind, _, version = (result.balancer or "").partition(" ")
        table.add_row("balancer", kind, f"Onionbalance {version}".strip())
        up = result.bring_up_seconds
        table.add_row(
            "bring-up",
            _seconds(up.total),
            f"until the first byte; network up after {_seconds(up.network)}, address published "
            f"after {_seconds(up.frontend)}",
        )
    for key, value in result.settings.items():
        table.add_row(key, value, "overrides the experiment")
    return table


def _core_speed(result: Result) -> list[tuple[str, str, str]]:
    """Return the rows on the speed of the cores; none if it was not read, as in older runs."""
    yardstick = result.yardstick
    if yardstick is None:
        return []
    if yardstick.speed is None:
        return [("core speed", speed_text(None), yardstick.not_carried_over)]
    rows = [
        ("core speed", speed_text(yardstick.speed), speeds_text(yardstick)),
        ("carried over", *carried_over_text(yardstick)),
    ]
    if yardstick.arithmetic is not None:
        rows.append(("reached", *arithmetic_text(yardstick.arithmetic, result)))
    return rows


def _repetitions(repetitions: Repetitions) -> tuple[str, str]:
    lowest, highest = repetitions.lowest_bits_per_second, repetitions.highest_bits_per_second
    rates = "-" if lowest is None or highest is None else _range(lowest, highest)
    spread = (
        f", spread {percent_text(repetitions.spread)}" if repetitions.spread is not None else ""
    )
    return rates, f"of {repetitions.count} holds{spread}"


def _round_trip(trip: RoundTrip) -> tuple[str, str]:
    lowest = _milliseconds(trip.lowest_seconds)
    highest = _milliseconds(trip.highest_in_hold_seconds)
    text = f"median in the hold, highest {highest}; overall minimum {lowest}"
    return _milliseconds(trip.median_in_hold_seconds), text


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
        table.caption = f"fairness: Jain's index {result.fairness.jain:.2f} (1 is even)"
        table.caption_justify = "left"
    return table


def _streams(result: Result) -> list[Text]:
    streams = result.streams
    first_byte_seconds = streams.median_first_byte_seconds
    sentence = (
        f"streams: {streams.asked} asked for, {streams.connected} connected, "
        f"{counted(streams.failed, 'failure')}, {streams.reconnected} reconnected"
        + (
            f"; first byte after {first_byte_seconds:.2f} s (median)"
            if first_byte_seconds is not None
            else ""
        )
    )
    lines = [Text(sentence)]
    lines += [
        Text(f"  {counted(count, 'time')} {reason}", style="yellow")
        for reason, count in streams.failed_by_reason.items()
    ]
    if streams.still_waiting:
        waited = f"  {streams.still_waiting} still waited for a first byte when the load ended"
        lines.append(Text(waited, style="yellow"))
    return [*lines, _payload(result.bytes)]


def _payload(sizes: Bytes) -> Text:
    sentence = f"payload of the whole run: {size_text(sizes.verified)} verified"
    if sizes.unverified:
        sentence = (
            f"payload of the whole run: {size_text(sizes.unverified)} unverified (a foreign peer "
            "cannot be checked)"
        )
    corrupt = size_text(sizes.corrupt) if sizes.corrupt else "none"
    return Text(f"{sentence}, {corrupt} corrupt", style="bold red" if sizes.corrupt else "")


def _costs(result: Result) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    headings = ["role", "processes", "CPU-s per Gbit", "cores", "peak memory per process"]
    has_reference_cost = any(cost.reference_core_seconds_per_gbit for cost in result.costs.values())
    if has_reference_cost:
        headings.insert(3, "on reference core")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "role" else "right")
    for role, cost in result.costs.items():
        table.add_row(
            role,
            str(cost.processes),
            _cpu_seconds(cost.cpu_seconds_per_gbit),
            *([_cpu_seconds(cost.reference_core_seconds_per_gbit)] if has_reference_cost else []),
            f"{cost.cores:.3f}",
            size_text(cost.peak_rss_bytes),
        )
    return table


def _cpu_seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.3f}"


def _plain_table() -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column()
    table.add_column(style="dim", overflow="fold")
    return table


def _rate(bits_per_second: float | None) -> str:
    return "-" if bits_per_second is None else rate_text(bits_per_second)


def _range(lowest: float, highest: float) -> str:
    """Return two rates, with the unit once if both have the same."""
    number, _, unit = rate_text(lowest).rpartition(" ")
    above = rate_text(highest)
    return f"{number} to {above}" if above.endswith(f" {unit}") else f"{number} {unit} to {above}"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f} s"


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1e3 * seconds:.3g} ms"

"""Draw a run's charts over time: goodput, CPU by role, each machine's CPU, streams, round trips."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.units import cores_text, rate_text
from onionrig.views.report.charts.scales import UnitScale, rate_scale, short_time_scale
from onionrig.views.report.charts.time_chart import ChartLine, Level, TimeChart
from onionrig.views.report.charts.timelines import lines_figure, stacked_figure
from onionrig.views.report.colours import MUTED, series_colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.analysis.over_time.series import Series
    from onionrig.analysis.over_time.timeline import Timeline
    from onionrig.views.report.figure import ReportFigure

CORES = UnitScale(unit="cores", factor=1.0)
COUNT = UnitScale(unit="", factor=1.0)

ROLES = ("backend", "relay", "client", "authority", "source", "sink")
"""Roles with an area of their own; the others are small, and drawn together."""
OTHERS = "all others"
MOST_LINES = 12
"""Most lines in one chart."""

STATES = ("user", "system", "nice", "irq", "softirq", "iowait", "steal")
"""States of a machine's CPU from the bottom up; the rest is idle."""


def goodput_figure(series: Series, *, levels: Sequence[Level], description: str) -> ReportFigure:
    """Draw the goodput of each second, by backend instance."""
    timeline = series.goodput_bits_per_second
    highest = max([*_totals(timeline), *(level.value for level in levels)], default=0.0)
    chart = TimeChart(
        timeline=timeline,
        lines=_chart_lines(timeline),
        scale=rate_scale(highest),
        title="goodput",
        loads=series.loads,
        faults=series.faults,
        levels=tuple(levels),
    )
    return stacked_figure(
        chart,
        name="goodput",
        title="Goodput of each second",
        description=description,
        height=280,
    )


def cores_figure(series: Series, *, cores: float, description: str) -> ReportFigure:
    """Draw the CPU that each role uses, and the usable cores of the machines."""
    timeline = _with_others(series.cores)
    colours = {role: series_colour(index) for index, role in enumerate(ROLES)} | {OTHERS: MUTED}
    chart = TimeChart(
        timeline=timeline,
        lines=tuple(ChartLine(name=name, colour=colours[name]) for name in timeline.lines),
        scale=CORES,
        title="CPU in use",
        loads=series.loads,
        faults=series.faults,
        levels=(Level(name=cores_text(cores), value=float(cores)),) if cores else (),
    )
    return stacked_figure(
        chart, name="cpu-by-role", title="Cores in use by role", description=description
    )


def cpu_by_state_figure(series: Series, host: str, *, cores: int | None) -> ReportFigure:
    """Draw how one machine's cores spent their time."""
    timeline = series.host_cores[host]
    chart = TimeChart(
        timeline=timeline,
        lines=tuple(
            ChartLine(name=state, colour=series_colour(index))
            for index, state in enumerate(STATES)
            if any(timeline.lines.get(state, ()))
        ),
        scale=CORES,
        title="CPU by state",
        loads=series.loads,
        faults=series.faults,
        levels=(Level(name=cores_text(cores), value=float(cores)),) if cores else (),
    )
    return stacked_figure(
        chart,
        name=f"machine-{host}",
        title=f"CPU of {host} by state",
        description=f"The cores of {host} in use in each second, by state; the rest is idle.",
        height=180,
    )


def streams_figure(series: Series, *, wanted: int) -> ReportFigure:
    """Draw how many streams are delivering."""
    chart = TimeChart(
        timeline=series.streams,
        lines=_chart_lines(series.streams),
        scale=COUNT,
        title="streams that deliver",
        loads=series.loads,
        faults=series.faults,
        levels=(Level(name=f"{wanted} asked", value=float(wanted)),),
    )
    return stacked_figure(
        chart,
        name="streams",
        title="Streams that deliver in each second",
        description=f"Streams that deliver in each second, by who serves them; {wanted} asked.",
        height=180,
    )


def round_trip_figure(series: Series) -> ReportFigure:
    """Draw the round trip of each client's idle circuit."""
    timeline, which = _highest(series.round_trip_seconds)
    chart = TimeChart(
        timeline=timeline,
        lines=_chart_lines(timeline),
        scale=short_time_scale(timeline.highest),
        title="round trip",
        loads=series.loads,
        faults=series.faults,
    )
    return lines_figure(
        chart,
        name="round-trips",
        title=f"Round trip by client{which}",
        description="The round trip of a byte to a backend instance and back, by client tor, on "
        "circuits that carry nothing else.",
        height=180,
    )


def interfaces_figure(series: Series) -> ReportFigure:
    """Draw what each interface carried."""
    timeline, which = _highest(series.interface_bits_per_second)
    chart = TimeChart(
        timeline=timeline,
        lines=_chart_lines(timeline),
        scale=rate_scale(timeline.highest),
        title="throughput",
        loads=series.loads,
        faults=series.faults,
    )
    return lines_figure(
        chart,
        name="interfaces",
        title=f"Throughput by interface{which}",
        description="Bits each network interface carried in each second, overhead included.",
        height=180,
    )


def sustained_level(rate: float, at: float, seconds: float) -> Level:
    """Return the level of the lowest ten seconds of a hold."""
    return Level(name=f"sustained {rate_text(rate)}", value=rate, begin=at, end=at + seconds)


def target_level(rate: float) -> Level:
    """Return the level of the target."""
    return Level(name=f"target {rate_text(rate)}", value=rate)


def _chart_lines(timeline: Timeline) -> tuple[ChartLine, ...]:
    return tuple(
        ChartLine(name=name, colour=series_colour(index))
        for index, name in enumerate(timeline.lines)
    )


def _highest(timeline: Timeline) -> tuple[Timeline, str]:
    """Return the highest lines, as many as can be told apart, and a note on that."""
    if len(timeline.lines) <= MOST_LINES:
        return timeline, ""
    highest_values = {
        name: max((value for value in line if value is not None), default=0.0)
        for name, line in timeline.lines.items()
    }
    highest_names = sorted(highest_values, key=highest_values.__getitem__, reverse=True)[
        :MOST_LINES
    ]
    lines = {name: line for name, line in timeline.lines.items() if name in highest_names}
    which = f" (the {MOST_LINES} highest of {len(timeline.lines)})"
    return msgspec.structs.replace(timeline, lines=lines), which


def _totals(timeline: Timeline) -> list[float]:
    return [
        sum(value for value in values if value is not None)
        for values in zip(*timeline.lines.values(), strict=True)
    ]


def _with_others(timeline: Timeline) -> Timeline:
    """Sort the roles, and add up those without an area of their own."""
    lines: dict[str, tuple[float | None, ...]] = {
        role: timeline.lines[role] for role in ROLES if role in timeline.lines
    }
    small = [values for role, values in timeline.lines.items() if role not in ROLES]
    if small:
        lines[OTHERS] = tuple(_sum(values) for values in zip(*small, strict=True))
    return msgspec.structs.replace(timeline, lines=lines)


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None

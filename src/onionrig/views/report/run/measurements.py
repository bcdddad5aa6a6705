"""Write the sections of a run's report with measurements, by second and in total."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.backends.dials import first_byte
from onionrig.analysis.over_time.series import downsampled
from onionrig.records.result import WINDOW_SECONDS
from onionrig.units import cores_text, counted
from onionrig.views.report.charts.load_over_time import (
    cores_figure,
    cpu_by_state_figure,
    goodput_figure,
    interfaces_figure,
    round_trip_figure,
    streams_figure,
    sustained_level,
    target_level,
)
from onionrig.views.report.charts.whole_hold import first_byte_figure, shares_figure
from onionrig.views.report.document import FoldedFigures, Prose, ReportTable, Section, columns
from onionrig.views.report.run.aftermath import aftermath
from onionrig.views.report.value_text import number, percent, rate, size, wait

if TYPE_CHECKING:
    from onionrig.analysis.over_time.series import Series, SeriesLoad
    from onionrig.analysis.over_time.timeline import Timeline
    from onionrig.records.manifest import Manifest
    from onionrig.records.result import Result
    from onionrig.views.report.document import Block
    from onionrig.views.report.figure import ReportFigure

MOST_MACHINES = 8


def measurements(result: Result) -> tuple[Section, ...]:
    """Return the sections that need only a result, each if it has content."""
    sections = (_shares(result) if _served(result) else None, aftermath(result, None))
    return tuple(section for section in sections if section is not None)


def measurements_over_time(
    result: Result, series: Series, load: SeriesLoad | None, manifest: Manifest
) -> tuple[Section, ...]:
    """Return the sections, each if it has content.

    ``load`` is the load of the series that the result belongs to.
    """
    thinned = downsampled(series)
    sections = (
        _goodput(result, thinned, load) if thinned.goodput_bits_per_second.at_seconds else None,
        aftermath(result, thinned),
        _cpu(result, thinned, manifest)
        if thinned.cores.lines and thinned.cores.at_seconds
        else None,
        _shares(result) if _served(result) else None,
        _start(series),
        _round_trips(result, thinned) if _any_value(thinned.round_trip_seconds) else None,
    )
    return tuple(section for section in sections if section is not None)


def _served(result: Result) -> bool:
    return bool(result.backends) and result.mode != "without tor"


def _any_value(timeline: Timeline) -> bool:
    return any(value is not None for line in timeline.lines.values() for value in line)


def _goodput(result: Result, thinned: Series, load: SeriesLoad | None) -> Section:
    goodput, target = result.goodput, result.verdict.target_bits_per_second
    levels = [] if target is None else [target_level(target)]
    lowest = None if load is None else load.lowest
    if load is not None and lowest is not None:
        begin = load.hold + lowest.begins_after_seconds
        levels.append(sustained_level(lowest.bits_per_second, begin, float(WINDOW_SECONDS)))
    finding = (
        f"The lowest {WINDOW_SECONDS} s began {lowest.begins_after_seconds} s into the hold, with "
        f"a mean of {rate(goodput.sustained_bits_per_second)}; half of all seconds had "
        f"{rate(goodput.median_second_bits_per_second)} or more."
        if lowest is not None and goodput.median_second_bits_per_second is not None
        else f"The hold has no {WINDOW_SECONDS} consecutive seconds."
    )
    description = f"Goodput per second, stacked by backend instance. {finding}"
    blocks: list[Block] = [goodput_figure(thinned, levels=levels, description=description)]
    figures: list[ReportFigure] = []
    if thinned.streams.lines:
        figures.append(streams_figure(thinned, wanted=result.streams.asked))
    if thinned.interface_bits_per_second.lines:
        figures.append(interfaces_figure(thinned))
    if figures:
        names = " and ".join(figure.name for figure in figures)
        blocks.append(FoldedFigures(title=f"Also: {names}", figures=tuple(figures)))
    return Section(name="goodput", title="Goodput", finding=finding, blocks=tuple(blocks))


def _cpu(result: Result, thinned: Series, manifest: Manifest) -> Section:
    cores = sum(host.usable_cores for host in manifest.machines)
    used = sum(cost.cores for cost in result.costs.values())
    finding = (
        f"The rig used {number(used)} of {cores_text(cores)} over the hold."
        if result.costs
        else "What the roles used over the hold is unknown."
    )
    cores_by_host = {host.name: host.machine_cores or host.cores for host in manifest.machines}
    machines = [
        cpu_by_state_figure(thinned, host, cores=cores_by_host.get(host))
        for host, states in list(thinned.host_cores.items())[:MOST_MACHINES]
        if any(any(line) for state, line in states.lines.items() if state != "idle")
    ]
    blocks: list[Block] = [
        cores_figure(thinned, cores=cores, description=f"Cores in use, stacked by role. {finding}")
    ]
    if machines:
        hosts = len(thinned.host_cores)
        which = f" (the first {MOST_MACHINES} of {hosts})" if hosts > MOST_MACHINES else ""
        title = f"Each machine by CPU state, from its own counters{which}"
        blocks.append(FoldedFigures(title=title, figures=tuple(machines)))
    return Section(name="cpu", title="CPU by role", finding=finding, blocks=tuple(blocks))


def _shares(result: Result) -> Section:
    fairness = result.fairness
    finding = (
        f"Jain's index {number(fairness.jain)} (1 is even); the backend that served least "
        f"served {percent(fairness.smallest_over_mean)} of an even share."
        if fairness.jain is not None
        else "Nothing was served."
    )
    table = ReportTable(
        caption="What each backend instance served in the hold",
        columns=columns(
            "backend", "host", "share", "bytes", "streams", numeric=("share", "bytes", "streams")
        ),
        rows=tuple(
            (
                backend.name,
                backend.host,
                percent(backend.share),
                size(backend.bytes),
                str(backend.streams),
            )
            for backend in result.backends
        ),
    )
    starved = tuple(
        f"{backend.name} served nothing: {backend.reason}" for backend in fairness.starved
    )
    blocks: list[Block] = [shares_figure(result), table]
    if starved:
        blocks.insert(0, Prose(paragraphs=starved, listed=True))
    return Section(
        name="backends", title="Each backend's share", finding=finding, blocks=tuple(blocks)
    )


def _start(series: Series) -> Section | None:
    waited = first_byte(series.first_byte_seconds)
    if waited is None:
        return None
    finding = (
        f"Half of {counted(len(series.first_byte_seconds), 'attempt')} had their first byte within "
        f"{wait(waited.median_seconds)}, 90 % within {wait(waited.nine_of_ten_seconds)}, and the "
        f"slowest after {wait(waited.highest_seconds)}."
    )
    return Section(
        name="start",
        title="How long streams took to start",
        finding=finding,
        blocks=(first_byte_figure(series.first_byte_seconds),),
    )


def _round_trips(result: Result, thinned: Series) -> Section:
    trip = result.round_trip
    finding = (
        "Round trip of a few bytes to a backend instance and back: median "
        f"{wait(trip.median_in_hold_seconds)} "
        f"and highest {wait(trip.highest_in_hold_seconds)} in the hold; overall minimum "
        f"{wait(trip.lowest_seconds)}."
        if trip is not None
        else ""
    )
    return Section(
        name="round-trips",
        title="Round trips",
        finding=finding,
        blocks=(round_trip_figure(thinned),),
    )

"""The sections of a run's report that show what was measured, second by second and in all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.backends.dials import first_byte
from onionrig.analysis.over_time.series import downsampled
from onionrig.records.result import WINDOW_SECONDS
from onionrig.units import counted
from onionrig.views.report.charts.bars import first_byte_figure, shares_figure
from onionrig.views.report.charts.load import (
    cores_figure,
    goodput_figure,
    interfaces_figure,
    machine_figure,
    round_trip_figure,
    streams_figure,
    sustained_level,
    target_level,
)
from onionrig.views.report.document import FoldedFigures, Prose, Section, Table, columns
from onionrig.views.report.missing import number, percent, rate, size, wait
from onionrig.views.report.run.aftermath import aftermath

if TYPE_CHECKING:
    from onionrig.analysis.over_time.series import Series
    from onionrig.records.dials import FirstByte
    from onionrig.records.manifest import Manifest
    from onionrig.records.result import Result
    from onionrig.views.report.document import Block
    from onionrig.views.report.figure import Figure
    from onionrig.views.report.run.shown import Shown

MOST_POINTS = 600
"""Of a line as it is drawn; the figures are of every second."""
MOST_MACHINES = 8


def measured(result: Result, shown: Shown | None) -> tuple[Section, ...]:
    """Return the sections, each only where there is something to show."""
    served = bool(result.backends) and result.mode != "without tor"
    followed = aftermath(result, None)
    if shown is None:
        shares = (_shares(result),) if served else ()
        return (*shares, *((followed,) if followed else ()))
    drawn = downsampled(shown.series, MOST_POINTS)
    manifest = shown.recording.manifest
    sections: list[Section] = []
    if drawn.goodput_bits_per_second.at_seconds:
        sections.append(_goodput(result, drawn, shown))
    if followed := aftermath(result, drawn):
        sections.append(followed)
    if drawn.cores.lines and drawn.cores.at_seconds:
        sections.append(_cpu(result, drawn, manifest))
    if served:
        sections.append(_shares(result))
    if waited := first_byte(shown.series.first_byte_seconds):
        sections.append(_start(shown.series, waited))
    if any(value is not None for line in drawn.round_trip_seconds.lines.values() for value in line):
        sections.append(_round_trips(result, drawn))
    return tuple(sections)


def _goodput(result: Result, drawn: Series, shown: Shown) -> Section:
    worst, target = shown.worst, result.verdict.target_bits_per_second
    levels = [] if target is None else [target_level(target)]
    if worst is not None:
        levels.append(sustained_level(worst.bits_per_second, worst.at, float(WINDOW_SECONDS)))
    goodput = result.goodput
    finding = (
        f"The lowest {WINDOW_SECONDS} s of the hold begin {worst.into_hold_seconds:.0f} s into it: "
        f"{rate(goodput.sustained_bits_per_second)}; half of the seconds were at or above "
        f"{rate(goodput.median_second_bits_per_second)}."
        if worst is not None and goodput.median_second_bits_per_second is not None
        else f"No {WINDOW_SECONDS} seconds in a row were held."
    )
    description = f"Goodput a second, stacked by backend instance. {finding}"
    blocks: list[Block] = [goodput_figure(drawn, levels=levels, description=description)]
    more: list[Figure] = []
    if drawn.streams.lines:
        more.append(streams_figure(drawn, asked=result.streams.asked))
    if drawn.interface_bits_per_second.lines:
        more.append(interfaces_figure(drawn))
    if more:
        names = " and ".join(figure.name for figure in more)
        blocks.append(FoldedFigures(title=f"Also: {names}", figures=tuple(more)))
    return Section(name="goodput", title="Goodput", finding=finding, blocks=tuple(blocks))


def _cpu(result: Result, drawn: Series, manifest: Manifest) -> Section:
    cores = sum(host.cores for host in manifest.machines)
    used = sum(cost.cores for cost in result.costs.values())
    finding = (
        f"The rig used {number(used)} of {counted(cores, 'core')} over the hold."
        if result.costs
        else "What the roles used over the hold could not be told."
    )
    own = {host.name: host.cores for host in manifest.machines}
    machines = [
        machine_figure(drawn, host, cores=own.get(host))
        for host, states in list(drawn.host_cores.items())[:MOST_MACHINES]
        if any(any(line) for state, line in states.lines.items() if state != "idle")
    ]
    blocks: list[Block] = [
        cores_figure(drawn, cores=cores, description=f"Cores in use, stacked by role. {finding}")
    ]
    if machines:
        hosts = len(drawn.host_cores)
        some = f" (the first {MOST_MACHINES} of {hosts})" if hosts > MOST_MACHINES else ""
        title = f"Each machine by CPU state, as its own counters have it{some}"
        blocks.append(FoldedFigures(title=title, figures=tuple(machines)))
    return Section(name="cpu", title="CPU by role", finding=finding, blocks=tuple(blocks))


def _shares(result: Result) -> Section:
    fairness = result.fairness
    finding = (
        f"Jain's index {number(fairness.jain)} (1 is even); the smallest share is "
        f"{percent(fairness.smallest_over_mean)} of the mean."
        if fairness.jain is not None
        else "Nothing was served."
    )
    table = Table(
        caption="What each backend instance served in the hold",
        columns=columns(
            "backend", "host", "share", "bytes", "streams", numeric=("share", "bytes", "streams")
        ),
        rows=tuple(
            (each.name, each.host, percent(each.share), size(each.bytes), str(each.streams))
            for each in result.backends
        ),
    )
    starved = tuple(f"{each.name} served nothing: {each.reason}" for each in fairness.starved)
    blocks: list[Block] = [shares_figure(result), table]
    if starved:
        blocks.insert(0, Prose(paragraphs=starved, listed=True))
    return Section(
        name="backends", title="Each backend's share", finding=finding, blocks=tuple(blocks)
    )


def _start(series: Series, waited: FirstByte) -> Section:
    finding = (
        f"Half of {counted(len(series.first_byte_seconds), 'attempt')} had their first byte after "
        f"{wait(waited.median_seconds)}, nine of ten after {wait(waited.nine_of_ten_seconds)}, the "
        f"last after {wait(waited.highest_seconds)}."
    )
    return Section(
        name="start",
        title="How long streams took to start",
        finding=finding,
        blocks=(first_byte_figure(series.first_byte_seconds),),
    )


def _round_trips(result: Result, drawn: Series) -> Section:
    trip = result.round_trip
    finding = (
        f"A byte to a backend instance and back took {wait(trip.lowest_seconds)} at least, "
        f"{wait(trip.median_in_hold_seconds)} in the middle of the hold's answers, "
        f"{wait(trip.highest_in_hold_seconds)} at most."
        if trip is not None
        else ""
    )
    return Section(
        name="round-trips",
        title="Round trips",
        finding=finding,
        blocks=(round_trip_figure(drawn),),
    )

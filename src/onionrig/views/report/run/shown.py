"""Which of a run's loads its figures are of, and where in it the lowest ten seconds lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.load.loads import loads
from onionrig.analysis.load.windows import Window
from onionrig.analysis.over_time.series import Series
from onionrig.analysis.result import analyse
from onionrig.records.part import Part
from onionrig.records.recording import Recording
from onionrig.records.result import WINDOW_SECONDS

if TYPE_CHECKING:
    from onionrig.analysis.over_time.series import LoadTimes
    from onionrig.analysis.over_time.timeline import Timeline
    from onionrig.records.result import Result


class Shown(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The load that a result is of: of several repetitions, the median one."""

    recording: Recording
    """Cut down to the load."""
    series: Series
    """Of the whole run."""
    hold: Window
    worst: Worst | None


class Worst(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lowest mean of ten consecutive seconds of a hold."""

    at: float
    """As the series count time."""
    into_hold_seconds: float
    bits_per_second: float


def shown_load(result: Result, recording: Recording, series: Series) -> Shown:
    """Return the load that the result is of; the last of a run that scheduled none.

    A result that was written before it said so is made again to know it.
    """
    slices = loads(recording)
    number = result.load or analyse(recording).load or len(slices)
    index = min(number, len(slices)) - 1
    return Shown(
        recording=slices[index].recording,
        series=series,
        hold=slices[index].hold,
        worst=worst_window(series.goodput_bits_per_second, series.loads[index])
        if index < len(series.loads)
        else None,
    )


def worst_window(goodput: Timeline, load: LoadTimes) -> Worst | None:
    """Return the first of a hold's lowest ten seconds; None where it is shorter."""
    held = [
        (at, sum(value or 0.0 for value in values))
        for at, values in zip(
            goodput.at_seconds, zip(*goodput.lines.values(), strict=True), strict=False
        )
        if load.hold <= at < load.end
    ]
    if len(held) < WINDOW_SECONDS:
        return None
    means = [
        (sum(rate for _, rate in held[index : index + WINDOW_SECONDS]) / WINDOW_SECONDS, at)
        for index, (at, _) in enumerate(held[: len(held) - WINDOW_SECONDS + 1])
    ]
    rate, at = min(means)
    return Worst(at=at, into_hold_seconds=at - load.hold, bits_per_second=rate)

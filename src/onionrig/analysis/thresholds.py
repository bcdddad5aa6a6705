"""Compare a result with the thresholds that its experiment set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.backends.dials import before_load, served, under_load
from onionrig.experiment.thresholds import percentile_of
from onionrig.records.recording import Recording
from onionrig.records.result import Result, Verdict
from onionrig.records.thresholds import JudgedThreshold
from onionrig.units import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from onionrig.records.streams.transfers import Transfer
    from onionrig.records.thresholds import Threshold, ThresholdFigure, ThresholdOutcome


class _MeasuredRun(msgspec.Struct, frozen=True, kw_only=True):
    """What figures are taken from."""

    result: Result
    recordings: Sequence[Recording]
    """Recordings of the result's loads."""
    of: str
    """Percentile or role of the figure, as its threshold has it."""


class _MeasuredFigure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure as it was measured: its value, or why it has none."""

    value: float | None
    note: str = ""
    beyond: bool = False
    """Whether the figure is beyond every limit, although it has no value."""


def verdict(result: Result, recordings: Sequence[Recording], *, is_whole: bool) -> Verdict:
    """Return every threshold with its figure; the recordings are those of the result's loads.

    A run that is not ``is_whole``, because it was cut short or lost a host, is not judged.
    """
    thresholds = tuple(
        _judged_threshold(threshold, result, recordings, is_whole=is_whole)
        for threshold in recordings[0].thresholds
    )
    target = next(
        (threshold for threshold in thresholds if threshold.figure == "sustained rate"), None
    )
    return Verdict(
        target_bits_per_second=None if target is None else target.limit,
        met=None if target is None or target.outcome == "unknown" else target.outcome == "met",
        thresholds=thresholds,
    )


def repeated_thresholds(
    networks: Mapping[str, Result], *, mean: float | None
) -> tuple[JudgedThreshold, ...]:
    """Return the thresholds of repetitions, by run: the worst of each, and the mean rate's own.

    ``mean`` is the mean sustained rate of all repetitions.
    """
    by_key: dict[str, list[tuple[str, JudgedThreshold]]] = {}
    for run, result in networks.items():
        for threshold in result.verdict.thresholds:
            by_key.setdefault(threshold.key, []).append((run, threshold))
    return tuple(
        judged_as(
            named_thresholds[0][1],
            mean,
            note="no repetition has a sustained rate"
            if mean is None
            else f"mean of {counted(len(named_thresholds), 'repetition')}",
        )
        if named_thresholds[0][1].figure == "sustained rate"
        else _worst(named_thresholds)
        for named_thresholds in by_key.values()
    )


def _worst(named_thresholds: Sequence[tuple[str, JudgedThreshold]]) -> JudgedThreshold:
    """Return the threshold of the worst repetition; one whose figure is unknown is the worst."""
    is_at_least = named_thresholds[0][1].bound == "at least"

    def badness(named_threshold: tuple[str, JudgedThreshold]) -> float:
        value = named_threshold[1].measured
        return math.inf if value is None else -value if is_at_least else value

    run, worst = max(named_thresholds, key=badness)
    note = f"worst of {counted(len(named_thresholds), 'repetition')}, {run}"
    return msgspec.structs.replace(worst, note=f"{note}: {worst.note}" if worst.note else note)


def judged_as(
    threshold: Threshold, value: float | None, *, note: str = "", beyond: bool = False
) -> JudgedThreshold:
    """Return a threshold compared with a value; without one it is unknown, or missed if beyond."""
    outcome: ThresholdOutcome
    if value is None:
        outcome = "missed" if beyond else "unknown"
    elif threshold.bound == "at least":
        outcome = "met" if value >= threshold.limit else "missed"
    else:
        outcome = "met" if value <= threshold.limit else "missed"
    return JudgedThreshold(
        key=threshold.key,
        figure=threshold.figure,
        of=threshold.of,
        bound=threshold.bound,
        limit=threshold.limit,
        unit=threshold.unit,
        measured=value,
        outcome=outcome,
        note=note,
    )


def _judged_threshold(
    threshold: Threshold, result: Result, recordings: Sequence[Recording], *, is_whole: bool
) -> JudgedThreshold:
    if not is_whole:
        lost_names = ", ".join(host.name for host in result.lost_hosts)
        reason = f"{lost_names} was lost" if lost_names else "the run was cut short"
        return judged_as(threshold, None, note=f"{reason}, so it is not judged")
    figure = _FIGURES[threshold.figure](
        _MeasuredRun(result=result, recordings=recordings, of=threshold.of)
    )
    return judged_as(threshold, figure.value, note=figure.note, beyond=figure.beyond)


def _figure_or_note(value: float | None, *, note_without_value: str) -> _MeasuredFigure:
    return _MeasuredFigure(value=value, note="" if value is not None else note_without_value)


def _sustained_rate(run: _MeasuredRun) -> _MeasuredFigure:
    return _figure_or_note(
        run.result.goodput.sustained_bits_per_second,
        note_without_value="fewer than ten seconds of a hold were recorded",
    )


def _smallest_share(run: _MeasuredRun) -> _MeasuredFigure:
    backends = run.result.backends
    if not any(backend.bytes for backend in backends):
        return _MeasuredFigure(value=None, note="no backend instance served anything in the hold")
    smallest = min(backends, key=lambda backend: backend.bytes)
    return _MeasuredFigure(value=smallest.share, note=smallest.name)


def _first_byte(run: _MeasuredRun) -> _MeasuredFigure:
    """Return a percentile of the times to first byte, by the nearest rank.

    A failed dial never had a first byte and counts as longer than any other; a dial that was under
    way when dialling ended is not counted.
    """
    dials, when_text = _dials(run.recordings)
    waits = sorted(
        dial.first_byte_after_seconds
        for dial in dials
        if served(dial) and dial.first_byte_after_seconds is not None
    )
    failed_count = sum(dial.failed for dial in dials)
    share = percentile_of(run.of)
    if share is None or (not waits and not failed_count):
        return _MeasuredFigure(value=None, note="no dial was served or failed")
    rank = math.ceil(share * (len(waits) + failed_count))
    if rank > len(waits):
        note = f"{failed_count} of {len(waits) + failed_count} dials {when_text} failed"
        return _MeasuredFigure(value=None, note=note, beyond=True)
    return _MeasuredFigure(
        value=waits[rank - 1], note=f"{counted(len(waits) + failed_count, 'dial')} {when_text}"
    )


def _dials(recordings: Sequence[Recording]) -> tuple[list[Transfer], str]:
    """Return the dials under load, or those before it if there are none under it."""
    dials_before = before_load(recordings[0])
    dials_under_load = [dial for recording in recordings for dial in under_load(recording)]
    return (
        (dials_under_load, "under load") if dials_under_load else (dials_before, "before the load")
    )


def _cost(run: _MeasuredRun) -> _MeasuredFigure:
    cost = run.result.costs.get(run.of)
    if cost is None:
        return _MeasuredFigure(value=None, note=f"no {run.of} was sampled in the hold")
    return _figure_or_note(
        cost.cpu_seconds_per_gbit, note_without_value="there was no goodput in the hold"
    )


def _corrupt_bytes(run: _MeasuredRun) -> _MeasuredFigure:
    if run.result.bytes.unverified:
        return _MeasuredFigure(value=None, note="the bytes of a foreign peer cannot be verified")
    return _MeasuredFigure(value=run.result.bytes.corrupt)


def _failed_streams(run: _MeasuredRun) -> _MeasuredFigure:
    return _MeasuredFigure(value=run.result.streams.failed)


def _doubts(run: _MeasuredRun) -> _MeasuredFigure:
    trust = run.result.trust
    if trust is None or trust.trusted is None:
        return _MeasuredFigure(value=None, note="no load was held that could be doubted")
    return _MeasuredFigure(value=len(trust.doubts))


_FIGURES: Mapping[ThresholdFigure, Callable[[_MeasuredRun], _MeasuredFigure]] = {
    "sustained rate": _sustained_rate,
    "smallest backend share": _smallest_share,
    "time to first byte": _first_byte,
    "CPU-s per Gbit": _cost,
    "corrupt bytes": _corrupt_bytes,
    "failed streams": _failed_streams,
    "doubts": _doubts,
}
"""Functions that take each figure from a run that was measured."""

"""Every run under a directory with its headline, read from results and manifests alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from onionrig.errors import RecordsUnreadable
from onionrig.store.run_directory import RunDirectory
from onionrig.store.runs import SeriesKind, began, directories, run_name, series_kind
from onionrig.store.salvage import Absent
from onionrig.store.series_directory import SeriesDirectory

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.records.result import Result

ListedKind = Literal["run"] | SeriesKind
ListedOutcome = Literal["complete", "aborted", "no result", "unreadable", "known", "not known"]


class ListedRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run, or a series, which precedes its runs.

    A sweep or comparison has only name and time, repetitions have what they have in common.
    """

    name: str
    """Name as ``show`` takes it; for a run of a sweep, after the sweep's name and a slash."""
    path: str
    kind: ListedKind
    began: str
    """UTC, ISO 8601; the directory's own time if its files have none."""
    profile: str | None = None
    mode: str | None = None
    outcome: ListedOutcome | None = None
    """Outcome of a run; "no result" if it goes on, or was killed with its keeper; ``show`` tells
    what was recorded. Repetitions are "known" or "not known"."""
    sustained_bits_per_second: float | None = None
    """Sustained rate of a run, or mean of repetitions."""
    known_within: float | None = None
    """Distance from the mean of repetitions to the end of its interval, as a share of the mean."""
    core_speed: float | None = None
    """Speed of the cores in the hold, relative to the reference core; null if it was not read."""
    target_bits_per_second: float | None = None
    target_met: bool | None = None
    thresholds_missed: int = 0
    """Number of thresholds that are missed or whose figure is unknown, the target included."""
    trusted: bool | None = None
    bottleneck: str | None = None
    """Its kind."""
    problem: str | None = None
    """The reason why it cannot be read."""


def listed(below: Path) -> list[ListedRun]:
    """Return what is under a directory, newest last, the runs of a sweep after it.

    Raises RecordsUnreadable if the directory itself cannot be looked into.
    """
    listed_runs: list[ListedRun] = []
    for path in _by_age(below):
        kind = series_kind(path)
        if kind is None:
            listed_runs.append(_listed_run(path, below))
            continue
        headline = _headline(path, below, kind)
        listed_runs.append(_with_repetitions(headline, path) if kind == "repetition" else headline)
        listed_runs += [_listed_run(run_path, below) for run_path in _by_age(path / "runs")]
    return listed_runs


def _by_age(below: Path) -> list[Path]:
    return sorted(directories(below), key=began)


def _listed_run(path: Path, below: Path) -> ListedRun:
    run_directory = RunDirectory(path)
    headline = _headline(path, below, "run")
    problem = None
    try:
        result = run_directory.read_result()
        if result is not None:
            return _with_result(headline, result)
    except RecordsUnreadable as error:
        problem = _without_path(error, path)
    try:
        manifest = run_directory.read_manifest()
    except RecordsUnreadable as error:
        if not run_directory.looks_like_a_run():
            problem = f"no run directory: {run_directory.contents()}"
        return msgspec.structs.replace(
            headline, outcome="unreadable", problem=problem or _without_path(error, path)
        )
    return msgspec.structs.replace(
        headline, profile=manifest.profile, mode=manifest.mode, outcome="no result", problem=problem
    )


def _with_repetitions(headline: ListedRun, path: Path) -> ListedRun:
    """Add what is known so far by the repetitions of a directory, if any has ended."""
    directory = SeriesDirectory(path)
    try:
        result = directory.read_repeat_result()
    except Absent:
        return msgspec.structs.replace(headline, outcome="no result")
    except RecordsUnreadable as error:
        return msgspec.structs.replace(
            headline, outcome="unreadable", problem=_without_path(error, path)
        )
    rate = next(iter(result.figures), None)
    return msgspec.structs.replace(
        headline,
        profile=result.name,
        outcome="known" if result.known else "not known",
        sustained_bits_per_second=None if rate is None else rate.mean,
        known_within=None if rate is None else rate.within,
        thresholds_missed=sum(threshold.outcome != "met" for threshold in result.thresholds),
        trusted=not result.doubts,
    )


def _without_path(error: RecordsUnreadable, path: Path) -> str:
    return str(error).removeprefix(f"{path}/")


def _headline(path: Path, below: Path, kind: ListedKind) -> ListedRun:
    return ListedRun(
        name=run_name(path, below=below),
        path=str(path),
        kind=kind,
        began=began(path).isoformat(timespec="seconds"),
    )


def _with_result(headline: ListedRun, result: Result) -> ListedRun:
    return msgspec.structs.replace(
        headline,
        profile=result.profile,
        mode=result.mode,
        outcome=result.status,
        sustained_bits_per_second=result.goodput.sustained_bits_per_second,
        core_speed=None if result.yardstick is None else result.yardstick.speed,
        target_bits_per_second=result.verdict.target_bits_per_second,
        target_met=result.verdict.met,
        thresholds_missed=len(result.verdict.missed) if result.status == "complete" else 0,
        trusted=None if result.trust is None else result.trust.trusted,
        bottleneck=None if result.bottleneck is None else result.bottleneck.kind,
    )

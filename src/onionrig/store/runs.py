"""Find runs: by path, by name, the newest; those of sweeps and comparisons as well."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from onionrig.errors import RecordsUnreadable
from onionrig.store.run_directory import MANIFEST, RESULT, RunDirectory
from onionrig.store.salvage import read_value
from onionrig.store.series_directory import COMPARE_PLAN, REPEAT_PLAN, SWEEP_PLAN

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNS = Path("runs")
"""Directory below the working directory in which runs are made unless ``--out`` is given."""
LATEST = "latest"
"""Name that stands for the newest run."""
SeriesKind = Literal["sweep", "comparison", "repetition"]
SERIES: dict[str, SeriesKind] = {
    SWEEP_PLAN: "sweep",
    COMPARE_PLAN: "comparison",
    REPEAT_PLAN: "repetition",
}
"""Kinds of directories that hold runs below their own ``runs``, by the file that identifies each.
"""
_TIME_IN_NAME = re.compile(r"(?P<day>\d{8})(T(?P<time>\d{6})Z)?")
_NAMED = 6
"""Number of runs that an error names."""


def find_run(name: str, *, below: Path = RUNS) -> RunDirectory:
    """Return the run at a path, or the one whose name under ``runs`` is or contains ``name``.

    ``latest`` is the newest. A run of a sweep is found by its own name, and by the sweep's and its
    own with a slash in between. Raises RecordsUnreadable if there is none, or more than one.
    """
    run_directory = RunDirectory(Path(name))
    if run_directory.looks_like_a_run():
        return run_directory
    _refuse_series(run_directory.path)
    runs = known_runs(below)
    if name == LATEST and runs:
        return runs[-1]
    _refuse_series(below / name)
    runs_by_name = {run_name(run.path, below=below): run for run in runs}
    matching_names = [
        known_name
        for known_name in runs_by_name
        if name in {known_name, known_name.rpartition("/")[2]}
    ]
    matching_names = matching_names or [
        known_name for known_name in runs_by_name if name in known_name
    ]
    if len(matching_names) == 1:
        return runs_by_name[matching_names[0]]
    if matching_names:
        raise RecordsUnreadable(f"{name} could be {_names_text(matching_names)}: say more of it")
    if os.path.lexists(run_directory.path):
        raise RecordsUnreadable(
            f"{run_directory.path} is no run directory: {run_directory.contents()}"
        )
    latest_text = f"; the latest there is {list(runs_by_name)[-1]}" if runs_by_name else ""
    raise RecordsUnreadable(
        f"no run {name}: neither a run directory nor a name under {below}/{latest_text}"
    )


def known_runs(below: Path) -> list[RunDirectory]:
    """Return every run under a directory, those of sweeps and comparisons too, newest last."""
    paths = directories(below)
    series_runs = [
        run
        for series_path in paths
        if series_kind(series_path)
        for run in directories(series_path / "runs")
    ]
    runs = [run for run in map(RunDirectory, [*paths, *series_runs]) if run.looks_like_a_run()]
    return sorted(runs, key=lambda run: began(run.path))


def directories(below: Path) -> list[Path]:
    """Return the directories in a directory by name, without hidden ones; none if it is missing.

    Raises RecordsUnreadable if it cannot be looked into.
    """
    try:
        return sorted(
            path for path in below.iterdir() if path.is_dir() and not path.name.startswith(".")
        )
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise RecordsUnreadable(f"{below}: {error.strerror}") from error


def run_name(path: Path, *, below: Path) -> str:
    """Return the name of a run: its directory's name, after that of its sweep and a slash."""
    parts = path.relative_to(below).parts
    return "/".join([*(part for part in parts[:-1] if part != "runs"), *parts[-1:]])


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """Return names for different directories: the ends of their paths, as long as necessary."""
    all_parts = [path.resolve().parts for path in paths]
    for length in range(1, max(map(len, all_parts), default=1)):
        names = ["/".join(parts[-length:]) for parts in all_parts]
        if len(set(names)) == len(set(all_parts)):
            return names
    return ["/".join(parts).lstrip("/") for parts in all_parts]


def series_named(name: str, *, below: Path = RUNS) -> Path | None:
    """Return the directory of a sweep, comparison or repetitions, by path or name, or None."""
    return next((path for path in (Path(name), below / name) if series_kind(path)), None)


def is_records(path: Path) -> bool:
    """Return whether a directory is that of a run, a sweep or a comparison."""
    return RunDirectory(path).looks_like_a_run() or series_kind(path) is not None


def series_kind(path: Path) -> SeriesKind | None:
    """Return the kind of a directory with runs of its own, or None for any other."""
    for name, kind in SERIES.items():
        if os.path.lexists(path / name):
            return kind
    return None


class _StartedRecord(msgspec.Struct):
    started: str


def began(path: Path) -> datetime.datetime:
    """Return when a run or sweep began, UTC: from its files, or its directory's name or age."""
    for name in (MANIFEST, RESULT, *SERIES):
        with contextlib.suppress(RecordsUnreadable, ValueError, OverflowError):
            started = datetime.datetime.fromisoformat(
                read_value(path / name, _StartedRecord).value.started
            )
            in_utc = started if started.tzinfo else started.replace(tzinfo=datetime.UTC)
            return in_utc.astimezone(datetime.UTC)
    name_match = _TIME_IN_NAME.match(path.name)
    if name_match is not None:
        with contextlib.suppress(ValueError):
            return datetime.datetime.strptime(
                f"{name_match['day']}T{name_match['time'] or '000000'}Z", "%Y%m%dT%H%M%SZ"
            ).replace(tzinfo=datetime.UTC)
    return datetime.datetime.fromtimestamp(path.stat().st_mtime, tz=datetime.UTC)


def _refuse_series(path: Path) -> None:
    kind = series_kind(path)
    if kind is not None:
        run_names = [run_path.name for run_path in directories(path / "runs")]
        advice = (
            f"name one of its runs: {_names_text(run_names)}" if run_names else "it has no runs yet"
        )
        raise RecordsUnreadable(f"{path} is a {kind}, not a run; {advice}")


def _names_text(names: Sequence[str]) -> str:
    more_text = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more_text}"

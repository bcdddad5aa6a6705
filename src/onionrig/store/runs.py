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
    there = RunDirectory(Path(name))
    if there.looks_like_a_run():
        return there
    _refuse_series(there.path)
    known = known_runs(below)
    if name == LATEST and known:
        return known[-1]
    _refuse_series(below / name)
    named = {run_name(run.path, below=below): run for run in known}
    found = [said for said in named if name in {said, said.rpartition("/")[2]}]
    found = found or [said for said in named if name in said]
    if len(found) == 1:
        return named[found[0]]
    if found:
        raise RecordsUnreadable(f"{name} could be {_listing(found)}: say more of it")
    if os.path.lexists(there.path):
        raise RecordsUnreadable(f"{there.path} is no run directory: {there.contents()}")
    latest = f"; the latest there is {list(named)[-1]}" if named else ""
    raise RecordsUnreadable(
        f"no run {name}: neither a run directory nor a name under {below}/{latest}"
    )


def known_runs(below: Path) -> list[RunDirectory]:
    """Return every run under a directory, those of sweeps and comparisons too, newest last."""
    places = directories(below)
    inner = [run for path in places if series_kind(path) for run in directories(path / "runs")]
    runs = [run for run in map(RunDirectory, [*places, *inner]) if run.looks_like_a_run()]
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
    parts = [path.resolve().parts for path in paths]
    for length in range(1, max(map(len, parts), default=1)):
        names = ["/".join(each[-length:]) for each in parts]
        if len(set(names)) == len(set(parts)):
            return names
    return ["/".join(each).lstrip("/") for each in parts]


def is_records(path: Path) -> bool:
    """Return whether a directory is that of a run, a sweep or a comparison."""
    return RunDirectory(path).looks_like_a_run() or series_kind(path) is not None


def series_kind(path: Path) -> SeriesKind | None:
    """Return the kind of a directory with runs of its own, or None for any other."""
    for name, kind in SERIES.items():
        if os.path.lexists(path / name):
            return kind
    return None


class _Began(msgspec.Struct):
    started: str


def began(path: Path) -> datetime.datetime:
    """Return when a run or sweep began, UTC: from its files, or its directory's name or age."""
    for name in (MANIFEST, RESULT, *SERIES):
        with contextlib.suppress(RecordsUnreadable, ValueError, OverflowError):
            time = datetime.datetime.fromisoformat(read_value(path / name, _Began).value.started)
            in_utc = time if time.tzinfo else time.replace(tzinfo=datetime.UTC)
            return in_utc.astimezone(datetime.UTC)
    named = _TIME_IN_NAME.match(path.name)
    if named is not None:
        with contextlib.suppress(ValueError):
            return datetime.datetime.strptime(
                f"{named['day']}T{named['time'] or '000000'}Z", "%Y%m%dT%H%M%SZ"
            ).replace(tzinfo=datetime.UTC)
    return datetime.datetime.fromtimestamp(path.stat().st_mtime, tz=datetime.UTC)


def _refuse_series(path: Path) -> None:
    kind = series_kind(path)
    if kind is not None:
        runs = [inner.name for inner in directories(path / "runs")]
        said = f"name one of its runs: {_listing(runs)}" if runs else "it has no runs yet"
        raise RecordsUnreadable(f"{path} is a {kind}, not a run; {said}")


def _listing(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"

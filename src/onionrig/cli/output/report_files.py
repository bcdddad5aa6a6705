"""Make reports of runs and of series of them from their files, and write them beside these.

The drawing code takes a third of a second to import, so it is imported only where it is needed, in
a process of its own: every command starts without it.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from rich.text import Text

from onionrig.analysis.over_time.series import series
from onionrig.cli.opened_run import opened_run
from onionrig.cli.output.printing import remarks, results
from onionrig.errors import (
    ERROR_CLASSES,
    UNEXPECTED,
    OnionrigError,
    RecordsUnreadable,
    Unequipped,
    UsageError,
)
from onionrig.programs import run_program
from onionrig.store.account import account_of
from onionrig.store.bundle.reading import is_bundle
from onionrig.store.lines import unwritable
from onionrig.store.run_directory import RunDirectory
from onionrig.store.runs import RUNS, is_records, known_runs, series_kind
from onionrig.store.series_directory import (
    COMPARISON,
    REPEAT_RESULT,
    SWEEP_RESULT,
    SeriesDirectory,
)
from onionrig.store.whole_files import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from onionrig.records.plan import Plan
    from onionrig.records.recording import Recording
    from onionrig.records.result import Result
    from onionrig.views.report.files import Report

PAGE = "report.html"
"""The page of a report; its charts are beside it."""
DRAWING_SECONDS = 1800.0
"""Deadline of one report, which takes minutes on an emulated board."""


def once(names: Iterable[str]) -> list[str]:
    """Return names without those of a bundle that was named before."""
    return list(
        {Path(name).resolve() if is_bundle(Path(name)) else name: name for name in names}.values()
    )


@contextlib.contextmanager
def reported(name: str, out: Path | None) -> Iterator[Path]:
    """Give the directory of a run or a series by path or name, or of a bundle.

    Raises RecordsUnreadable, and UsageError for a bundle if there is no directory to write to.
    """
    for path in (Path(name), RUNS / name):
        has_outcome = any(
            (path / outcome).is_file() for outcome in (SWEEP_RESULT, COMPARISON, REPEAT_RESULT)
        )
        if has_outcome or series_kind(path) == "repetition":
            yield path
            return
    if out is None and is_bundle(Path(name)):
        raise UsageError(
            f"{name} is a bundle, which a report cannot be written into: give --out DIR"
        )
    with opened_run(name) as run:
        yield run.path


def draw_report(path: Path, directory: Path | None = None) -> Path:
    """Draw the report of a run or a series, by default beside its files; return its page.

    It is drawn in a separate process (``cli.drawing``): the code that draws charts ends its process
    if it runs out of memory, and a result must not end with it. Raises what the other process
    raised, as one of our errors.
    """
    _run_drawing(str(path), str(directory or path))
    return (directory or path) / PAGE


def plan_page(plan: Plan) -> bytes:
    """Return a plan's page, drawn in a separate process as well."""
    return _run_drawing(given=msgspec.json.encode(plan)).encode()


def refuse_overwriting(path: Path, directory: Path | None) -> None:
    """Raise UsageError for the directory of another run, which has a report of its own."""
    if directory is not None and is_records(directory) and not directory.samefile(path):
        raise UsageError(f"--out {directory}: the report of {path} would overwrite the one there")


def announce(path: Path, *, stderr: bool) -> None:
    """Draw a report and print where it is, or why there is none: the measurement stays."""
    console = remarks() if stderr else results()
    try:
        sentence = f"report: {draw_report(path)}"
    except OnionrigError as error:
        sentence = f"no report: {error}"
    except KeyboardInterrupt:
        sentence = f"no report: interrupted; `onionrig report {path}` draws it"
    console.print(Text(sentence, style="dim", overflow="fold"), highlight=False)


def write_report(path: Path, directory: Path) -> None:
    """Write the report of a run's or a series' directory to another, in this process.

    Raises RecordsUnreadable and RunDirectoryError.
    """
    if (path / SWEEP_RESULT).is_file():
        write_sweep_report(path, directory)
    elif (path / COMPARISON).is_file():
        write_comparison_report(path, directory)
    elif series_kind(path) == "repetition":
        write_repetition_report(path, directory)
    else:
        write_run_report(RunDirectory(path), directory)


def _run_drawing(*words: str, given: bytes = b"") -> str:
    """Run the program that draws, and return what it printed."""
    argv = (sys.executable, "-m", "onionrig.cli.output.drawing", *words)
    # the code that draws reads its own docstrings, which PYTHONOPTIMIZE=2 removes
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONOPTIMIZE"}
    program = run_program(argv, seconds=DRAWING_SECONDS, given=given, environment=environment)
    if program.code == 0:
        return program.out
    kind = next(
        (error_class for error_class in ERROR_CLASSES if error_class.exit_code == program.code),
        None,
    )
    if kind is not None:
        raise kind(program.err.strip())
    if program.code == UNEXPECTED:
        raise OnionrigError(
            f"the program that draws the report failed, please report it ({program.complaint}); "
            "the records are whole"
        )
    raise Unequipped(
        "the program that draws the report ended before it had drawn it, as it does where there "
        f"is not enough memory ({program.complaint}); the records are whole, and `onionrig report` "
        "draws them again"
    )


def write_run_report(run_directory: RunDirectory, directory: Path | None = None) -> Path:
    """Write the report of a run. Raises RecordsUnreadable and RunDirectoryError."""
    from onionrig.views.report.run.report import run_report  # noqa: PLC0415 - slow to import, see above

    account = account_of(run_directory)
    recording, notes = _recording(run_directory)
    report = run_report(
        account.result,
        recording,
        None if recording is None else series(recording),
        ceiling=_ceiling(run_directory, account.result),
        notes=(*account.notes, *notes),
    )
    return write_files(report, directory or run_directory.path)


def write_sweep_report(path: Path, directory: Path | None = None) -> Path:
    """Write the report of a sweep's directory. Raises RecordsUnreadable and RunDirectoryError."""
    from onionrig.views.report.series.sweep import sweep_report  # noqa: PLC0415 - the same

    return write_files(sweep_report(SeriesDirectory(path).read_sweep()), directory or path)


def write_comparison_report(path: Path, directory: Path | None = None) -> Path:
    """Write the report of a comparison's directory.

    Raises RecordsUnreadable and RunDirectoryError.
    """
    from onionrig.views.report.series.comparison import comparison_report  # noqa: PLC0415 - as above

    return write_files(
        comparison_report(SeriesDirectory(path).read_comparison()), directory or path
    )


def write_repetition_report(path: Path, directory: Path) -> Path:
    """Write the report of repetitions, which leads to that of each run.

    Beside the records, runs without a report get theirs. Raises RecordsUnreadable and
    RunDirectoryError.
    """
    from onionrig.views.report.series.repetition import repetition_report  # noqa: PLC0415 - as above

    series = SeriesDirectory(path)
    result = series.read_repeat_result()
    runs = [run for run in series.runs() if run.name in result.runs]
    for run in runs:
        if directory.resolve() == path.resolve() and not (run.path / PAGE).is_file():
            write_run_report(run)
    addresses = {
        run.name: quote(os.path.relpath(run.path / PAGE, directory))
        for run in runs
        if (run.path / PAGE).is_file()
    }
    return write_files(repetition_report(result, reports=addresses), directory)


def write_files(report: Report, directory: Path) -> Path:
    """Write a report into a directory, replacing an earlier one; return the page's path.

    Raises RunDirectoryError.
    """
    path = directory
    for name, content in report.files():
        path = directory / name
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(path.parent, error) from error
        replace_file(path, content)
    return path  # the page is the last


def _recording(run_directory: RunDirectory) -> tuple[Recording | None, tuple[str, ...]]:
    """Return what was recorded, or None and the reason if a run has only its result."""
    try:
        return run_directory.recording(), ()
    except RecordsUnreadable as error:
        return None, (str(error),)


def _ceiling(run_directory: RunDirectory, result: Result) -> Result | None:
    """Return the result of the newest complete baseline beside a run, on the same host."""
    machines = _machines(run_directory)
    if result.mode == "without tor" or not machines:
        return None
    beside = run_directory.path.absolute().parent
    for other in reversed(known_runs(beside)):
        if other.path.parent != beside:  # it belongs to a sweep or a comparison there
            continue
        try:
            other_result = other.read_result()
        except RecordsUnreadable:
            continue
        if (
            other_result is None
            or other_result.mode != "without tor"
            or other_result.status != "complete"
        ):
            continue
        if _machines(other) == machines:
            return other_result
    return None


def _machines(run_directory: RunDirectory) -> frozenset[str]:
    try:
        return frozenset(host.name for host in run_directory.read_manifest().machines)
    except RecordsUnreadable:
        return frozenset()

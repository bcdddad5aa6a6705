"""How commands print the result of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.cli.output.printing import print_json, remarks, results
from onionrig.errors import OnionrigError
from onionrig.store.account import account_of
from onionrig.views.summary.run import summary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from onionrig.records.result import Result
    from onionrig.store.run_directory import RunDirectory


def print_result(
    result: Result,
    run_directory: RunDirectory,
    *,
    json: bool,
    notes: Sequence[str] = (),
    bundle: Path | None = None,
) -> None:
    """Print a result, as a summary or as JSON alone, and the notes on its files.

    If it was read from a bundle, the summary names that instead of the run directory.
    """
    if json:
        print_json(result)
        print_notes(notes)
    else:
        where, kind = (
            (run_directory.path, "run directory") if bundle is None else (bundle, "bundle")
        )
        results().print(summary(result, str(where), notes, kind=kind))


def print_notes(notes: Sequence[str]) -> None:
    """Print the notes on a run's files on stderr."""
    stderr = remarks()
    for note in notes:
        stderr.print(f"note: {note}", style="yellow", highlight=False, markup=False, soft_wrap=True)


def print_aborted(run_directory: RunDirectory, stderr: Console, *, json: bool) -> None:
    """Print what an aborted run had measured, if its files have anything."""
    try:
        account = account_of(run_directory)
    except OnionrigError:
        return
    if json:
        print_json(account.result)
        return
    stderr.print(
        summary(account.result, str(run_directory.path), account.notes),
        highlight=False,
    )

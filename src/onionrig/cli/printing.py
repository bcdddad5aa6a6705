"""How commands print: results on stdout, as JSON alone where that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from onionrig.errors import OnionrigError
from onionrig.rig.model import json_text
from onionrig.store.account import account_of
from onionrig.views.summary.run import summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.result import Result
    from onionrig.store.run_directory import RunDirectory


def print_json(value: object) -> None:
    """Print a value as JSON."""
    print(json_text(value))


def print_result(
    result: Result, run_directory: RunDirectory, *, json: bool, notes: Sequence[str] = ()
) -> None:
    """Print a result: the summary, or JSON alone; what is to be said of the files goes with it."""
    if json:
        print_json(result)
        print_notes(notes)
    else:
        Console().print(summary(result, str(run_directory.path), notes), highlight=False)


def print_notes(notes: Sequence[str]) -> None:
    """Say on stderr what is to be said of a run's files."""
    stderr = Console(stderr=True)
    for note in notes:
        stderr.print(f"gap: {note}", style="yellow", highlight=False, markup=False, soft_wrap=True)


def print_aborted(run_directory: RunDirectory, stderr: Console) -> None:
    """Print what an aborted run had measured, if its files say anything."""
    try:
        account = account_of(run_directory)
    except OnionrigError:
        return
    stderr.print(summary(account.result, str(run_directory.path), account.notes), highlight=False)

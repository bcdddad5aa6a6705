"""Write tables as CSV files, one per table, into a directory of their own."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from onionrig.errors import UsageError
from onionrig.store.lines import unwritable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    Cell = str | int | float | None


def new_export_directory(path: Path) -> Path:
    """Make the directory of an export, 0700.

    Raises UsageError if there are files in it, RunDirectoryError if it cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise UsageError(f"{path} is not empty: an export never overwrites; choose another")
    except OSError as error:
        raise unwritable(path, error, option="--csv") from error
    return path


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Iterable[Cell]]) -> int:
    """Write one table and return its number of rows; a null is an empty cell.

    Raises RunDirectoryError if it cannot be written.
    """
    count = 0
    try:
        with path.open("x", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            for count, row in enumerate(rows, start=1):  # noqa: B007 - counted while it is written
                writer.writerow(row)
    except OSError as error:
        raise unwritable(path, error, option="--csv") from error
    return count

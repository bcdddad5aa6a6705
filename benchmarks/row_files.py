"""Files of JSON lines to which the benchmarks append a row for each run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

import msgspec

from onionrig.errors import RecordsUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

HOST = "host-1"
"""Name of the machine in a row, as in a bundle."""
Row = TypeVar("Row")


def read_row_file(path: Path, row: type[Row], *, writer: str) -> list[Row]:
    """Return the rows of a file. Raises RecordsUnreadable that names the file and the line.

    ``writer`` is the benchmark that writes such a file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordsUnreadable(f"{path}: {error.strerror}; {writer} writes such a file") from error
    decoder = msgspec.json.Decoder(row)
    rows = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            rows.append(decoder.decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RecordsUnreadable(
                f"{path}, line {number}: {error}; correct or remove that line"
            ) from error
    return rows


def without_name(texts: Iterable[str], host: str) -> tuple[str, ...]:
    """Return texts without the machine's name, which is nobody else's business."""
    return tuple(re.sub(rf"\b{re.escape(host)}\b", HOST, text) for text in texts)

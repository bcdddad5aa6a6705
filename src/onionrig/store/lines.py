"""Append records to a JSON-lines file and read them back, also while it grows.

A line is written by one ``write`` so that a reader never sees half of a finished one; the last line
of a file whose writer was killed may be torn, and is left out when it is read.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Self, TypeVar

import msgspec

from onionrig.errors import RecordsUnreadable, RunDirectoryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

Record = TypeVar("Record", bound=msgspec.Struct)

_FULL = {errno.ENOSPC, errno.EDQUOT}


class Appender:
    """A JSON-lines file that one process appends to, unbuffered."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._encoder = msgspec.json.Encoder()
        self._file = _open_for_append(self._path)

    def append(self, record: msgspec.Struct) -> None:
        """Write one line. Raises RunDirectoryError when the disk is full."""
        line = self._encoder.encode(record) + b"\n"
        try:
            written_bytes = os.write(self._file, line)
            while written_bytes < len(line):
                written_bytes += os.write(self._file, line[written_bytes:])
        except OSError as error:
            raise unwritable(self._path, error) from error

    def close(self) -> None:
        """Close the file; appending afterwards is an error."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class GrowingFile:
    """A text file that grows; each call gives the lines finished since the previous one."""

    def __init__(self, path: Path, *, after: int = 0) -> None:
        """Read what follows the first ``after`` bytes."""
        self._path = path
        self._offset = after

    def new(self) -> list[bytes]:
        """Return the lines completed since the last call; none while there is no file."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                content = file.read()
        except FileNotFoundError:
            return []
        complete_bytes = content.rfind(b"\n") + 1
        self._offset += complete_bytes
        return content[:complete_bytes].splitlines()


class Tail(Generic[Record]):
    """The records of a file that is still being written; each call gives what is new."""

    def __init__(self, path: Path | str, kind: type[Record]) -> None:
        self._lines = GrowingFile(Path(path))
        self._decoder = msgspec.json.Decoder(kind)

    def new(self) -> list[Record]:
        """Return the records completed since the last call; none while there is no file."""
        return [self._decoder.decode(line) for line in self._lines.new()]


def read_all(path: Path | str, kind: type[Record]) -> Iterator[Record]:
    """Yield a file's records; a torn last line is left out, a missing file is empty.

    Raises RecordsUnreadable for a line that is not such a record.
    """
    decoder = msgspec.json.Decoder(kind)
    path = Path(path)
    if not path.exists():
        return
    with path.open("rb") as file:
        for line_number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                yield decoder.decode(line)
            except msgspec.MsgspecError as error:
                raise RecordsUnreadable(f"{path}, line {line_number}: {error}") from error


def unwritable(path: Path, error: OSError, *, option: str = "--out") -> RunDirectoryError:
    """Return the error for a file that could not be written, naming the option to move it."""
    if error.errno in _FULL:
        return RunDirectoryError(
            f"{path}: the disk is full; free space there, or choose another place with {option}"
        )
    return RunDirectoryError(f"{path}: {error.strerror}; choose another place with {option}")


def _open_for_append(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unwritable(path, error) from error

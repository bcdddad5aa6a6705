"""Replace a file whole, so that a reader sees the old one or the new one; follow such a file."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from onionrig.errors import RecordsUnreadable
from onionrig.store.lines import unwritable

if TYPE_CHECKING:
    from pathlib import Path

Told = TypeVar("Told")

_FRESH = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC


def replace_file(path: Path, content: bytes, *, mode: int = 0o600, option: str = "--out") -> None:
    """Write a file in place of what was there; unless told otherwise, only its owner can read it.

    Raises RunDirectoryError where it cannot be written; it names the option that places it.
    """
    if path.exists() and not path.is_file():
        _write_through(path, content, option=option)
        return
    path = path.resolve()  # what a link leads to is replaced, and the link stays
    fresh = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(os.open(fresh, _FRESH, mode), "wb") as file:
            file.write(content)
        fresh.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise unwritable(path, error, option=option) from error


class ReplacedFile(Generic[Told]):
    """A JSON file that others replace whole; looking at one that has not changed is a ``stat``."""

    def __init__(self, path: Path, kind: type[Told]) -> None:
        self._path = path
        self._decoder = msgspec.json.Decoder(kind)
        self._seen: tuple[int, int] | None = None

    def new(self) -> Told | None:
        """Return what it says if that is new since the last call; None while there is no file.

        Raises RecordsUnreadable for a file that says something else.
        """
        try:
            status = self._path.stat()
            stamp = status.st_ino, status.st_mtime_ns
            if stamp == self._seen:
                return None
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        self._seen = stamp
        try:
            return self._decoder.decode(content)
        except msgspec.MsgspecError as error:
            raise RecordsUnreadable(f"{self._path}: {error}") from error


def _write_through(path: Path, content: bytes, *, option: str) -> None:
    """Write to what cannot be replaced, such as a pipe or /dev/stdout."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise unwritable(path, error, option=option) from error

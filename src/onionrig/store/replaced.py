"""Follow a JSON file that others replace whole while we run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from onionrig.errors import RecordsUnreadable

if TYPE_CHECKING:
    from pathlib import Path

Told = TypeVar("Told")


class ReplacedFile(Generic[Told]):
    """What such a file says; looking at one that has not changed costs a ``stat``."""

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

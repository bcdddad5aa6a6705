"""Read a file on while somebody else writes it, whole lines only."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class GrowingFile:
    """A text file that grows; each call gives the lines finished since the one before."""

    def __init__(self, path: Path, *, after: int = 0) -> None:
        """Read what stands behind so many bytes."""
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
        complete = content.rfind(b"\n") + 1
        self._offset += complete
        return content[:complete].splitlines()

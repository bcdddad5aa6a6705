"""Follow the files of a run on a host, and keep a copy of each here as it grows.

One ``tail`` per host prints what is new under a header for each file (tail(1), ``--verbose``).
Whatever follows records or waits for a line of a log, and the live view, read the copies. At the
end of a run they are replaced by the files themselves.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from onionrig.engine.local.engine import make_private
from onionrig.store.lines import unwritable

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

_HEADER = re.compile(rb"(?:\A|\n)==> (/[^\n]+) <==\n")
_MOST_HEADER_BYTES = 512
"""Upper bound of a header's length; up to this much is held back until no header can begin
there."""
READ_BYTES = 1 << 16


def tail_argv(paths: Iterable[PurePosixPath], *, lines: str = "+1") -> tuple[str, ...]:
    """Return the command that prints these files as they grow; some may not exist yet.

    ``lines`` is the line to begin with, in tail's syntax: by default the first.
    """
    return (
        "tail", "--verbose", "--follow=name", "--retry", f"--lines={lines}",
        "--sleep-interval=0.5", *map(str, paths),
    )  # fmt: skip


class Demultiplexer:
    """Splits what ``tail`` prints for several files."""

    def __init__(self) -> None:
        self._pending = b""
        self._path: PurePosixPath | None = None
        self._in_line = False
        """Whether the last content emitted ended within a line."""

    def take(self, printed: bytes) -> list[tuple[PurePosixPath, bytes]]:
        """Process what was printed; return the new content with its files, in order."""
        self._pending += printed
        pieces: list[tuple[PurePosixPath, bytes]] = []
        while header := _HEADER.search(self._pending):
            self._emit(self._pending[: header.start()], pieces)
            self._path = PurePosixPath(header[1].decode(errors="replace"))
            self._pending = self._pending[header.end() :]
        ready = len(self._pending) - _held_back(self._pending, in_line=self._in_line)
        self._emit(self._pending[:ready], pieces)
        self._pending = self._pending[ready:]
        return pieces

    def _emit(self, content: bytes, pieces: list[tuple[PurePosixPath, bytes]]) -> None:
        if content and self._path is not None:
            pieces.append((self._path, content))
            self._in_line = not content.endswith(b"\n")


class Mirror:
    """Local copies of the files in a directory of a host."""

    def __init__(
        self, records: PurePosixPath, directory: Path, heard: Callable[[PurePosixPath, bytes], bool]
    ) -> None:
        """Set up the copies; a piece for which ``heard`` returns True is not copied."""
        self._records = records
        self._directory = directory
        self._heard = heard

    async def follow(self, printed: asyncio.StreamReader) -> None:
        """Copy what arrives until the other end is closed. Raises RunDirectoryError."""
        parts = Demultiplexer()
        while content := await printed.read(READ_BYTES):
            for path, piece in parts.take(content):
                if not self._heard(path, piece):
                    self._append(path, piece)

    def _append(self, path: PurePosixPath, piece: bytes) -> None:
        local_path = self._directory / path.relative_to(self._records)
        try:
            make_private(local_path.parent)
            local_path.touch(mode=0o600)
            with local_path.open("ab") as copy:
                copy.write(piece)
        except OSError as error:
            raise unwritable(local_path, error) from error


def _held_back(content: bytes, *, in_line: bool) -> int:
    """Return how many of the last bytes may be the beginning of a header.

    A blank line precedes a header that follows other content: tail ends what it has printed with a
    line break of its own.
    """
    at = content.rfind(b"\n")
    if at < 0 and in_line:
        return 0
    begun_bytes = len(content) - max(at, 0)
    if begun_bytes > _MOST_HEADER_BYTES:
        return 0
    last, begins = content[at + 1 :], b"==> "
    if not last:
        # a single line break ends a line; a second one may be tail's
        return int((content == b"\n" and not in_line) or content.endswith(b"\n\n"))
    return begun_bytes if begins.startswith(last) or last.startswith(begins) else 0

"""Replace a file as a whole, so that readers see the old or the new one; follow such a file.

A rename can reach the disk before the content does: after a power cut the name is then there, and
the file is empty. So whatever is renamed into place goes through ``put_in_place``, which writes the
content to the disk first.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from onionrig.errors import RecordsUnreadable
from onionrig.store.lines import unwritable

Value = TypeVar("Value")

_FRESH = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC


def put_in_place(new_path: Path, path: Path) -> None:
    """Rename a file or a directory to its place, once its content is on the disk.

    Raises OSError, also if the disk turns out to be full while it is written to.
    """
    if new_path.is_dir():
        for entry in new_path.rglob("*"):
            _sync(entry)
    _sync(new_path)
    new_path.replace(path)


def write_whole(path: Path, content: bytes, *, mode: int = 0o600, lasting: bool = True) -> None:
    """Write a file completely or not at all; by default only its owner can read it.

    A file that is not ``lasting`` is useless after a power cut, so it need not be on the disk.
    Raises OSError if it cannot be written.
    """
    path = Path(os.path.realpath(path))  # the target of a link is replaced, and the link stays
    if path.is_symlink():  # it leads to itself
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    new_path = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(os.open(new_path, _FRESH, mode), "wb") as file:
            file.write(content)
        if lasting:
            put_in_place(new_path, path)
        else:
            new_path.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new_path.unlink()
        raise


def replace_file(
    path: Path,
    content: bytes,
    *,
    mode: int = 0o600,
    option: str = "--out",
    lasting: bool = True,
) -> None:
    """Write a file as ``write_whole`` does, or through to something else, such as a pipe.

    Raises RunDirectoryError if it cannot be written; it names the option that places it.
    """
    if path.exists() and not path.is_file():
        _write_through(path, content, option=option)
        return
    try:
        write_whole(path, content, mode=mode, lasting=lasting)
    except OSError as error:
        raise unwritable(path, error, option=option) from error


class ReplacedFile(Generic[Value]):
    """A JSON file that others replace as a whole; reading an unchanged one costs a ``stat``."""

    def __init__(self, path: Path, kind: type[Value]) -> None:
        self._path = path
        self._decoder = msgspec.json.Decoder(kind)
        self._last_stamp: tuple[int, int] | None = None

    def new(self) -> Value | None:
        """Return the value if it is new since the last call, or None; None while there is no file.

        Raises RecordsUnreadable for a file with other content.
        """
        try:
            status = self._path.stat()
            stamp = status.st_ino, status.st_mtime_ns
            if stamp == self._last_stamp:
                return None
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        self._last_stamp = stamp
        try:
            return self._decoder.decode(content)
        except msgspec.MsgspecError as error:
            raise RecordsUnreadable(f"{self._path}: {error}") from error


def _sync(path: Path) -> None:
    """Write the content of a file or a directory to the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some file systems cannot do it for a directory
            raise
    finally:
        os.close(descriptor)


def _write_through(path: Path, content: bytes, *, option: str) -> None:
    """Write to what cannot be replaced, such as a pipe or /dev/stdout."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise unwritable(path, error, option=option) from error

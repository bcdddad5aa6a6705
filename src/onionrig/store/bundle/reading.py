"""Read a bundle as the run directory that it was made from, unpacked for as long as it is read."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from onionrig.errors import RecordsUnreadable
from onionrig.store.bundle.archive import MAGIC, MOST_FILE_BYTES, SUFFIX, unpacked
from onionrig.store.bundle.making import laid_out
from onionrig.store.lines import unwritable
from onionrig.store.run_directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator


def is_bundle(path: Path) -> bool:
    """Return whether a path leads to a file that is a bundle, or is called one."""
    try:
        if not path.is_file():
            return False
        if path.name.endswith(SUFFIX):
            return True
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def unpacked_bundle(path: Path, *, below: Path | None = None) -> Iterator[RunDirectory]:
    """Give a bundle's run directory, which is called as the bundle is. Raises RecordsUnreadable.

    It is in a new directory, which is removed afterwards: below the one given, or in the system's
    place for temporary files.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_FILE_BYTES + 1)
    except OSError as error:
        raise RecordsUnreadable(f"{path} cannot be read: {error.strerror}") from error
    files = unpacked(content, str(path))
    with tempfile.TemporaryDirectory(prefix="onionrig-bundle-", dir=below) as temporary_directory:
        # below the directories that lead to the file, so that bundles of one name can be told apart
        parents = path.parent.resolve().parts[1:]
        run_path = Path(temporary_directory, *parents, path.name.removesuffix(SUFFIX) or "bundle")
        try:
            laid_out(files, run_path)
        except OSError as error:
            raise unwritable(run_path, error, option="TMPDIR") from error
        yield RunDirectory(run_path)

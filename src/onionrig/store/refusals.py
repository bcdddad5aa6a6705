"""Turn what the system refuses into an error of ours, with the path that it was about.

Code that knows what a file is for explains errors where it opens it; this is for all others, so
that a name that is too long or a directory that may not be looked into never ends in a traceback.
"""

from __future__ import annotations

import errno
import os

from onionrig.errors import OnionrigError, RecordsUnreadable, RunDirectoryError, Unequipped

_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}
_TOO_FEW = {
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENFILE: "raise the system's limit on open files (sysctl fs.file-max)",
    errno.ENOMEM: "free some memory",
    errno.EAGAIN: "raise the limit on processes (ulimit -u, or pids.max of the control group)",
}
_NO_THREAD = "can't start new thread"
"""Python's message if the system refuses a thread, which lacks the system's reason."""

_LOOP = "Symlink loop"
"""Words of pathlib about a link that leads to itself; from Python 3.13 on it is an OSError."""
_NO_HOME = "home directory"
"""Words of pathlib and platformdirs about a user who is in no list and has no HOME."""


def explained(error: BaseException) -> OnionrigError | None:
    """Return an error of ours for what the system refused, with the path that it was about.

    Returns None for an error that is not the system's. A name that is not UTF-8 is refused when it
    is written into a record.
    """
    if isinstance(error, OnionrigError):
        return error
    if isinstance(error, UnicodeEncodeError):
        text = error.object.encode(errors="surrogateescape").decode(errors="replace")
        return RunDirectoryError(
            f"{text[:200]}: this is not UTF-8, and records are; give it another name"
        )
    if isinstance(error, MemoryError):
        return Unequipped(f"there is not enough memory: {_TOO_FEW[errno.ENOMEM]}")
    if isinstance(error, RuntimeError):
        return _explained_runtime_error(str(error))
    return _explained_os_error(error) if isinstance(error, OSError) else None


def _explained_runtime_error(text: str) -> OnionrigError | None:
    """Return an error of ours for what Python raises in place of the system's error, or None."""
    if _NO_THREAD in text:
        return Unequipped(f"no thread could be started: {_TOO_FEW[errno.EAGAIN]}")
    if _LOOP in text:
        return RecordsUnreadable(f"{text}: name what the link should lead to")
    if _NO_HOME in text.casefold():
        return Unequipped(
            "this user has no home directory: set HOME, or XDG_CACHE_HOME and XDG_CONFIG_HOME"
        )
    return None


def _explained_os_error(error: OSError) -> OnionrigError:
    reason = error.strerror or str(error)
    filename = error.filename
    path = os.fsdecode(filename) if isinstance(filename, (str, bytes, os.PathLike)) else filename
    if error.errno in _TOO_FEW:
        return Unequipped(f"{reason}: {_TOO_FEW[error.errno]}")
    if error.errno in _UNWRITABLE:
        return RunDirectoryError(
            f"{'a file' if path is None else path}: {reason}; free space there, or choose another "
            "place"
        )
    if path is not None:
        return RecordsUnreadable(f"{path}: {reason}")
    return OnionrigError(f"the system refused something: {reason}; please report it")

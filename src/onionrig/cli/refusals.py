"""Turn what the system refuses into an error of ours, with the path that it was about.

Whoever knows what a file is for says so where it is opened; this is for all others, so that a name
that is too long or a directory that may not be looked into is never answered by a traceback.
"""

from __future__ import annotations

import errno
import os
import sys

from onionrig.errors import OnionrigError, RecordsUnreadable, RunDirectoryError, Unequipped

_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}
_TOO_FEW = {
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENFILE: "raise the system's limit on open files (sysctl fs.file-max)",
    errno.ENOMEM: "free some memory",
    errno.EAGAIN: "raise the limit on processes (ulimit -u, or pids.max of the control group)",
}


def flush_output() -> None:
    """Write what is still to be printed. Raises RunDirectoryError where that cannot be done."""
    if sys.stdout is None:  # it was closed before the program started
        return
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up_on_output()
    except OSError as error:
        _give_up_on_output()
        raise RunDirectoryError(f"standard output cannot be written: {error.strerror}") from error


def explained(error: OSError | UnicodeEncodeError) -> OnionrigError:
    """Return an error of ours that says what the system refused, and of which path.

    A name that is not UTF-8 is refused as it is written into a record.
    """
    if isinstance(error, UnicodeEncodeError):
        text = error.object.encode(errors="surrogateescape").decode(errors="replace")
        return RunDirectoryError(
            f"{text[:200]}: this is not UTF-8, and records are; give it another name"
        )
    try:
        flush_output()
    except RunDirectoryError as unprinted:
        return unprinted
    reason = error.strerror or str(error)
    if error.errno in _TOO_FEW:
        return Unequipped(f"{reason}: {_TOO_FEW[error.errno]}")
    if error.errno in _UNWRITABLE:
        path = "a file, or standard output" if error.filename is None else _path(error)
        return RunDirectoryError(f"{path}: {reason}; free space there, or choose another place")
    if error.filename is not None:
        return RecordsUnreadable(f"{_path(error)}: {reason}")
    return OnionrigError(f"the system refused something: {reason}; please report it")


def _path(error: OSError) -> str:
    name = error.filename
    return os.fsdecode(name) if isinstance(name, (str, bytes, os.PathLike)) else str(name)


def _give_up_on_output() -> None:
    """Let what cannot be printed go nowhere, or Python would try again as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

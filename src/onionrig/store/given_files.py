"""Read small files that somebody named: an experiment, boards, a key, or a probe carried here.

Such a file may be a pipe, as in ``onionrig check <(sed … my.toml)``, which may never be written to,
or a device that never ends. Files that this program has written for itself are read elsewhere.
"""

from __future__ import annotations

import errno
import os
import select
from typing import TYPE_CHECKING, Any

import msgspec

from onionrig.errors import UsageError
from onionrig.records.probe import Probe
from onionrig.store.versions import UNDECODABLE, known_part
from onionrig.units import size_text

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 1 << 20
"""Upper bound on a file that is written by hand, and on a probe: they have some kilobytes."""
SILENT_SECONDS = 60.0
"""Deadline of the next bytes from a pipe."""
_PART_BYTES = 1 << 16
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
PROBE_SCHEMA = 1
"""The only schema of probes so far; later ones may mean something else by the same names."""
MAKE_ONE = "`onionrig probe --out FILE` on the board makes one"


def given_text(path: Path) -> str:
    """Return the text of a file, without the mark with which editors on Windows begin it.

    Raises UsageError if it is not UTF-8, and OSError if it cannot be read.
    """
    content = given_bytes(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        reason = "it is UTF-16" if content.startswith(_UTF_16_MARKS) else str(error)
        raise UsageError(f"{path} is not UTF-8: {reason}; save it as UTF-8") from error


def given_bytes(
    path: Path, *, most_bytes: int = MOST_BYTES, silent_seconds: float = SILENT_SECONDS
) -> bytes:
    """Return the content of a file, or of a pipe whose other end is written to.

    Raises OSError, also if nothing comes for a while or more comes than a file of ours can have.
    """
    content = bytearray()
    # a pipe is opened without waiting for somebody at its other end: the wait has a deadline below
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags), "rb", buffering=0) as file:
        waiting = select.poll()
        waiting.register(file, select.POLLIN)
        while len(content) <= most_bytes:
            if not waiting.poll(silent_seconds * 1e3):
                raise TimeoutError(
                    errno.ETIMEDOUT, f"nothing was written to it for {silent_seconds:g} s"
                )
            part: bytes | None = file.read(_PART_BYTES)
            if part is None:  # somebody else has read it
                continue
            if not part:
                return bytes(content)
            content += part
    raise OSError(errno.EFBIG, f"it has more than {size_text(most_bytes)}, so it is another file")


def read_probe(path: Path) -> Probe:
    """Return what ``onionrig probe`` has written.

    Fields that this version does not know are ignored. Raises UsageError for a file that is not a
    probe, and for one of another schema.
    """
    try:
        content = given_bytes(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; {MAKE_ONE}") from error
    if not content.strip():
        raise UsageError(f"{path} is no probe: it is empty; {MAKE_ONE}")
    try:
        value = msgspec.json.decode(content)
    except UNDECODABLE as error:
        raise UsageError(f"{path} is no probe: it is not JSON: {error}; {MAKE_ONE}") from error
    _refuse_other(path, value)
    try:
        return known_part(content, Probe)[0]
    except UNDECODABLE as error:
        raise UsageError(f"{path} is a probe that cannot be read: {error}; {MAKE_ONE}") from error


def _refuse_other(path: Path, value: object) -> None:
    """Raise UsageError for a value that is not a probe, or one of another schema."""
    if not isinstance(value, dict) or not {"openssl", "speeds", "loopback"} & value.keys():
        raise UsageError(f"{path} is no probe: {_description(value)}; {MAKE_ONE}")
    schema = value.get("schema")
    if schema != PROBE_SCHEMA or isinstance(schema, bool):
        raise UsageError(
            f"{path} was made by onionrig {value.get('onionrig', 'of an unknown version')}, schema "
            f"{schema}; this one reads schema {PROBE_SCHEMA}: probe the board again with this "
            "version, or plan with that one"
        )


def _description(value: Any) -> str:  # noqa: ANN401 - whatever JSON can be
    if not isinstance(value, dict):
        return "its JSON is no object"
    names = ", ".join(list(value)[:4]) or "nothing"
    return f"its JSON has {names}{' and more' if len(value) > len(names.split(', ')) else ''}"

"""Read a probe that was carried here, made by whatever version of this program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from onionrig.errors import UsageError
from onionrig.records.probe import Probe
from onionrig.store.versions import UNDECODABLE, known_part

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = 1
"""The only schema so far; later ones may mean something else by the same names."""
MAKE_ONE = "`onionrig probe --out FILE` on the board makes one"


def read_probe(path: Path) -> Probe:
    """Return what ``onionrig probe`` has written.

    Fields that this version does not know are ignored. Raises UsageError for a file that is not a
    probe, and for one of another schema.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; {MAKE_ONE}") from error
    if not content.strip():
        raise UsageError(f"{path} is empty: no probe; {MAKE_ONE}")
    try:
        value = msgspec.json.decode(content)
    except UNDECODABLE as error:
        raise UsageError(f"{path} is no probe, but no JSON either: {error}; {MAKE_ONE}") from error
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
    if schema != SCHEMA or isinstance(schema, bool):
        raise UsageError(
            f"{path} was made by onionrig {value.get('onionrig', 'of an unknown version')}, schema "
            f"{schema}; this one reads schema {SCHEMA}: probe the board again with this version, "
            "or plan with that one"
        )


def _description(value: Any) -> str:  # noqa: ANN401 - whatever JSON can be
    if not isinstance(value, dict):
        return "its JSON is no object"
    names = ", ".join(list(value)[:4]) or "nothing"
    return f"its JSON has {names}{' and more' if len(value) > len(names.split(', ')) else ''}"

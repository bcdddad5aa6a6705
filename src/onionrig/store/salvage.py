"""Read what can be read of a run directory, and list in words what cannot.

A run may have been killed in the middle of a line, copied in part, or written by another version.
Its reader gets every record that is whole; anything else is a gap. Only a file that holds one value
and cannot be read at all is an error.
"""

from __future__ import annotations

import contextlib
import stat
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import msgspec

from onionrig.errors import RecordsUnreadable
from onionrig.store.versions import SCHEMA, UNDECODABLE, known_part, schema_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

Record = TypeVar("Record")


class Absent(RecordsUnreadable):
    """There is no such file."""


class Salvaged(msgspec.Struct, Generic[Record], frozen=True, kw_only=True):
    """A value read from a file, with notes on it."""

    value: Record
    gaps: tuple[str, ...] = ()


def read_value(
    path: Path,
    kind: type[Record],
    *,
    upgrade: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> Salvaged[Record]:
    """Read a file that holds one record, of this version, an earlier or a later one.

    ``upgrade`` turns a decoded record of an earlier version into one of this. Raises
    RecordsUnreadable if it is missing, damaged, or of a version that differs too much.
    """
    content = _content(path, str(path))
    if not content:
        raise RecordsUnreadable(f"{path} is empty")
    with contextlib.suppress(*UNDECODABLE):
        return Salvaged(value=msgspec.json.decode(content, type=kind))
    if upgrade is not None:
        content = _upgraded_content(content, upgrade)
        with contextlib.suppress(*UNDECODABLE):
            return Salvaged(value=msgspec.json.decode(content, type=kind))
    version_text = _version_text(content)
    try:
        value, unknown_fields = known_part(content, kind)
    except UNDECODABLE as error:
        state_text = f"is {version_text}" if version_text else "cannot be read"
        raise RecordsUnreadable(f"{path} {state_text}: {error}") from error
    return Salvaged(
        value=value,
        gaps=(_partial_note(path.name, version_text or "of another version", unknown_fields),),
    )


class Salvage:
    """The JSON-lines files of a run directory, each read as far as possible."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.gaps: list[str] = []
        """Notes on what could not be read so far."""
        self.lost: list[str] = []
        """The gaps in which records were lost, which the last line of a killed writer is not."""

    def lines(self, name: str, kind: type[Record], *, expected: bool = True) -> list[Record]:
        """Return a file's records; one that is expected and missing or empty is a gap."""
        try:
            content = _content(self._root / name, name)
        except RecordsUnreadable as error:
            if expected or not isinstance(error, Absent):
                self._add_loss(str(error))
            return []
        if not content and expected:
            self._add_loss(f"{name} is empty")
        complete_lines, _, torn_line = content.rpartition(b"\n")
        records = list(
            self._records(name, complete_lines.split(b"\n") if complete_lines else [], kind)
        )
        if torn_line:
            self.gaps.append(f"{name} ends in the middle of a line")
        return records

    def samples(
        self, role: str, kind: type[Record], expected: Iterable[str]
    ) -> dict[str, list[Record]]:
        """Return the samples of every service of a role, by its name."""
        found_names = {path.stem for path in (self._root / "samples").glob(f"{role}*.jsonl")}
        expected_names = {name for name in expected if name.startswith(role)}
        return {
            name: self.lines(f"samples/{name}.jsonl", kind, expected=name in expected_names)
            for name in sorted(found_names | expected_names)
        }

    def of_services(
        self, directory: str, kind: type[Record], expected: Iterable[str]
    ) -> list[Record]:
        """Return the records of several services, each of which has a file of its own.

        In earlier versions all of them appended to one file beside the directory; it is read if
        there is one.
        """
        expected_names, shared_name = set(expected), f"{directory}.jsonl"
        if (self._root / shared_name).exists():
            return self.lines(shared_name, kind, expected=bool(expected_names))
        found_names = {path.stem for path in (self._root / directory).glob("*.jsonl")}
        return [
            record
            for name in sorted(found_names | expected_names)
            for record in self.lines(
                f"{directory}/{name}.jsonl", kind, expected=name in expected_names
            )
        ]

    def _records(self, name: str, lines: list[bytes], kind: type[Record]) -> Iterable[Record]:
        decoder = msgspec.json.Decoder(kind)
        unknown_fields: dict[str, None] = {}
        unreadable_lines: list[str] = []
        for number, line in enumerate(lines, start=1):
            try:
                yield decoder.decode(line)
            except UNDECODABLE as error:
                try:
                    record, fields_of_line = known_part(line, kind)
                except UNDECODABLE:
                    unreadable_lines.append(f"line {number}: {error}")
                else:
                    unknown_fields |= dict.fromkeys(fields_of_line)
                    yield record
        if unreadable_lines:
            self._add_loss(
                f"{name}, {unreadable_lines[0]} "
                f"({len(unreadable_lines)} of {len(lines)} lines cannot be read)"
            )
        if unknown_fields:
            self.gaps.append(_partial_note(name, "of another version", unknown_fields))

    def _add_loss(self, gap: str) -> None:
        self.gaps.append(gap)
        self.lost.append(gap)


def _content(path: Path, name: str) -> bytes:
    """Return the content of a file; errors call it by this name. Raises RecordsUnreadable."""
    try:
        # not a directory, or a pipe that nobody writes to: reading that would wait for ever
        if stat.S_ISREG(path.stat().st_mode):
            return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Absent(f"{name} is missing") from error
    except OSError as error:
        raise RecordsUnreadable(f"{name} cannot be read: {error.strerror}") from error
    raise RecordsUnreadable(f"{name} is not a file")


def _upgraded_content(content: bytes, upgrade: Callable[[dict[str, Any]], dict[str, Any]]) -> bytes:
    """Return an earlier version's record as this version writes it; anything else unchanged."""
    try:
        value = msgspec.json.decode(content)
        return msgspec.json.encode(upgrade(value)) if isinstance(value, dict) else content
    except (*UNDECODABLE, KeyError, TypeError):
        return content


def _partial_note(name: str, version: str, unknown_fields: Iterable[str]) -> str:
    omission_text = f" ({', '.join(unknown_fields)} left out)" if unknown_fields else ""
    return f"{name} is {version}: only what this program knows is shown{omission_text}"


def _version_text(content: bytes) -> str:
    """Return the version that a record claims, in words, if it is not this program's."""
    try:
        value = msgspec.json.decode(content)
    except UNDECODABLE:
        return ""
    schema = schema_of(cast("dict[str, object]", value)) if isinstance(value, dict) else None
    return f"of schema {schema}, and this program knows {SCHEMA}" if schema is not None else ""

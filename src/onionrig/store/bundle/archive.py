"""The file of a bundle: a ZIP archive whose first entry, bundle.json, lists the others by digest.

It may come from anybody, so nothing in it is believed: names and sizes are checked before anything
is read. The digests show damage, such as a download that was cut short; whoever changes a bundle on
purpose can write new ones.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
import zlib
from typing import TYPE_CHECKING

import msgspec

from onionrig.errors import RecordsUnreadable, UsageError
from onionrig.store.versions import UNDECODABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTENTS = "bundle.json"
"""The entry that lists the others."""
BUNDLE_SCHEMA = 1
SUFFIX = ".onionrig"
"""End of the names of bundles."""
MAGIC = b"PK\x03\x04"

MOST_FILE_BYTES = 64 * 2**20
MOST_UNPACKED_BYTES = 512 * 2**20
MOST_ENTRIES = 4096
"""Bounds of a bundle (judgements): the default experiment writes some 10 kB per second, so that a
hold of ten hours fits."""

_ENTRY = re.compile(
    r"(manifest|schedule|result)\.json|(events|transfers|dials)\.jsonl"
    r"|(samples|transfers|dials)/[A-Za-z0-9][A-Za-z0-9._-]{0,150}\.jsonl"
)
_CONTROL = re.compile(
    rb"(?i)(?<!\\)((?:\\\\)*)(?:\\u00(?:0[0-8bcef]|1[0-9a-f]|7f|[89][0-9a-f])|\\[bf])"
    rb"|\x7f|\xc2[\x80-\x9f]"
)
"""Control characters as JSON has them, other than tab and line breaks: a terminal obeys them."""
_MEMBER_TIME = (1980, 1, 1, 0, 0, 0)
_KNOWN_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)


class BundledFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a bundle, as it was when the bundle was made."""

    bytes: int
    sha256: str


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of a bundle."""

    schema: int = BUNDLE_SCHEMA
    onionrig: str
    """Version of the program that made the bundle."""
    files: dict[str, BundledFile]
    digest: str = ""
    """SHA-256 of the list itself, as JSON with this field empty."""


class _Schema(msgspec.Struct):
    schema: int


def packed(files: Mapping[str, bytes], *, version: str) -> bytes:
    """Return the bundle with these files: the same bytes for the same files, at any time.

    Control characters become spaces. Raises UsageError for more than a bundle may have.
    """
    files = {name: _CONTROL.sub(rb"\1 ", content) for name, content in files.items()}
    size = sum(map(len, files.values()))
    if size > MOST_UNPACKED_BYTES or len(files) >= MOST_ENTRIES:
        raise UsageError(
            f"{len(files)} files with {size} bytes of records do not fit into a bundle, which has "
            f"at most {MOST_ENTRIES} and {MOST_UNPACKED_BYTES}: share a shorter run"
        )
    contents = Contents(
        onionrig=version,
        files={
            name: BundledFile(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
            for name, content in sorted(files.items())
        },
    )
    contents = msgspec.structs.replace(contents, digest=_digest(contents))
    contents_json = msgspec.json.format(msgspec.json.encode(contents)) + b"\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in ((CONTENTS, contents_json), *sorted(files.items())):
            entry = zipfile.ZipInfo(name, _MEMBER_TIME)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 0
            archive.writestr(entry, content, compresslevel=9)
    return buffer.getvalue()


def fits_a_bundle(name: str) -> bool:
    """Return whether a bundle can have a file of this name."""
    return _ENTRY.fullmatch(name) is not None


def unpacked(content: bytes, name: str) -> dict[str, bytes]:
    """Return the files of a bundle, by name; errors call the bundle ``name``.

    Raises RecordsUnreadable if it is damaged, was changed, is of a later schema, or is something
    else.
    """
    if len(content) > MOST_FILE_BYTES:
        raise RecordsUnreadable(
            f"{name} has {len(content)} bytes: no bundle has more than {MOST_FILE_BYTES}"
        )
    if not content:
        raise RecordsUnreadable(f"{name} is empty: {_GET_AGAIN}")
    if not content.startswith(MAGIC):
        raise RecordsUnreadable(f"{name} is not a bundle: {_MADE_BY}")
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except _BROKEN as error:
        raise RecordsUnreadable(
            f"{name} is damaged or cut short ({error}): {_GET_AGAIN}"
        ) from error
    with archive:
        entries = _entries(archive, name)
        contents = _contents(archive, entries, name)
        missing = contents.files.keys() ^ (entries.keys() - {CONTENTS})
        if missing:
            raise RecordsUnreadable(
                f"{name} was changed: {min(missing)} is in only one of the archive and its list of "
                f"files; {_GET_AGAIN}"
            )
        return {
            file_name: _verified(archive, entries[file_name], contents.files[file_name], name)
            for file_name in contents.files
        }


_MADE_BY = "`onionrig export RUN --bundle FILE` makes one"
_GET_AGAIN = "get it again from where it was made"


def _entries(archive: zipfile.ZipFile, name: str) -> dict[str, zipfile.ZipInfo]:
    """Return the archive's entries by name, once nothing about them is out of the ordinary."""
    infos = archive.infolist()
    if len(infos) > MOST_ENTRIES:
        raise RecordsUnreadable(
            f"{name} has {len(infos)} files: no bundle has more than {MOST_ENTRIES}"
        )
    size = sum(info.file_size for info in infos)
    if size > MOST_UNPACKED_BYTES:
        raise RecordsUnreadable(
            f"{name} would unpack to {size} bytes: no bundle has more than {MOST_UNPACKED_BYTES}"
        )
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        file_name = info.orig_filename
        if file_name in entries or not (file_name == CONTENTS or fits_a_bundle(file_name)):
            reason = "twice" if file_name in entries else "which is not a record of a run"
            raise RecordsUnreadable(
                f"{name} is not a bundle: it has {file_name!r}, {reason}; {_MADE_BY}"
            )
        if info.compress_type not in _KNOWN_METHODS or info.flag_bits & _ENCRYPTED:
            raise RecordsUnreadable(
                f"{name} is not a bundle: {file_name} is encrypted or packed in another way; "
                f"{_MADE_BY}"
            )
        entries[file_name] = info
    if CONTENTS not in entries:
        raise RecordsUnreadable(f"{name} is not a bundle: it has no {CONTENTS}; {_MADE_BY}")
    return entries


def _contents(
    archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], name: str
) -> Contents:
    content = _content(archive, entries[CONTENTS], name)
    try:
        schema = msgspec.json.decode(content, type=_Schema).schema
        if schema > BUNDLE_SCHEMA:
            raise RecordsUnreadable(
                f"{name} is a bundle of schema {schema}, and this onionrig knows {BUNDLE_SCHEMA}: "
                "upgrade onionrig to read it"
            )
        contents = msgspec.json.decode(content, type=Contents)
    except UNDECODABLE as error:
        raise RecordsUnreadable(
            f"{name} was changed: {CONTENTS} cannot be read ({error}); {_GET_AGAIN}"
        ) from error
    if schema != BUNDLE_SCHEMA or contents.digest != _digest(contents):
        raise RecordsUnreadable(
            f"{name} was changed: {CONTENTS} differs from what its digest says; {_GET_AGAIN}"
        )
    return contents


def _verified(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, bundled_file: BundledFile, name: str
) -> bytes:
    content = _content(archive, entry, name)
    if (
        len(content) != bundled_file.bytes
        or hashlib.sha256(content).hexdigest() != bundled_file.sha256
    ):
        raise RecordsUnreadable(
            f"{name} was changed: {entry.filename} differs from what its digest says; {_GET_AGAIN}"
        )
    if _CONTROL.search(content):
        raise RecordsUnreadable(
            f"{name} is not a bundle: {entry.filename} has control characters; {_MADE_BY}"
        )
    return content


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> bytes:
    """Return the content of an entry, of which no more is unpacked than the size it gives."""
    try:
        return archive.read(entry)
    except (*_BROKEN, RuntimeError) as error:
        raise RecordsUnreadable(
            f"{name} was changed or is damaged: {entry.filename} cannot be unpacked ({error}); "
            f"{_GET_AGAIN}"
        ) from error


def _digest(contents: Contents) -> str:
    contents_without_digest = msgspec.structs.replace(contents, digest="")
    return hashlib.sha256(msgspec.json.encode(contents_without_digest)).hexdigest()

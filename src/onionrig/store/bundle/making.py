"""Make a bundle from a run directory: its records with everything replaced, and their result.

Logs, keys, reports and any other file are left out, and so is every line that cannot be read: only
a line that was understood is known to name nobody. The result is that of the replaced records.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from onionrig import __version__
from onionrig.analysis.result import analyse
from onionrig.errors import RecordsUnreadable
from onionrig.experiment.names import PINGER, SAMPLER, SINK, SOURCE, TORS, YARDSTICK
from onionrig.records.events import AnyEvent
from onionrig.records.samples import HostSample, PingSample, SinkSample, SourceSample, TorSample
from onionrig.records.streams.schedule import Schedule
from onionrig.records.streams.transfers import Transfer
from onionrig.records.yardstick.readings import YardstickSample
from onionrig.store.bundle.archive import fits_a_bundle, packed
from onionrig.store.bundle.names import names_in
from onionrig.store.bundle.replacements import Replacements
from onionrig.store.bundle.rules import TORRC, replaced
from onionrig.store.manifest_file import read_manifest
from onionrig.store.run_directory import (
    DIALS,
    EVENTS,
    MANIFEST,
    RESULT,
    SCHEDULE,
    TRANSFERS,
    RunDirectory,
)
from onionrig.store.salvage import read_value
from onionrig.store.versions import UNDECODABLE, known_part
from onionrig.units import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SAMPLES = "samples"
SAMPLE_KINDS: dict[str, type[msgspec.Struct]] = {
    SINK: SinkSample,
    SOURCE: SourceSample,
    SAMPLER: HostSample,
    TORS: TorSample,
    PINGER: PingSample,
    YARDSTICK: YardstickSample,
}
"""Kind of the samples of each service that writes any, as a run directory reads them."""
_UNREADABLE = b"{}\n"
"""Stands for a line that could not be read, so that its place is still counted as one."""
_TORN = b"{"


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that was made, and what was done for it."""

    content: bytes
    replaced: dict[str, int]
    """Number of different things that were replaced, by kind."""
    left_out: tuple[str, ...]
    """Parts of the run directory that are not in it, in words."""


class _BundledLines(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of a file: a record, or None for one that cannot be read."""

    records: list[msgspec.Struct | None]
    torn: bool
    """Whether the last line has no end."""


def bundle_of(run: RunDirectory, *, below: Path | None = None) -> Bundle:
    """Return the bundle of a run. Raises RecordsUnreadable if it has no manifest.

    Its files are written meanwhile below the directory given, or in the system's place for
    temporary files.
    """
    try:
        stored_manifest = read_manifest(run.path / MANIFEST)
    except RecordsUnreadable as error:
        raise RecordsUnreadable(
            f"{error}: a bundle is made from the records of a run; {run.contents()}"
        ) from error
    lines = {name: _read(run.path / name, kind) for name, kind in _record_files(run.path)}
    events = [record for record in lines.get(EVENTS, _NO_LINES).records if record is not None]
    samples = [
        record
        for file_lines in lines.values()
        for record in file_lines.records
        if isinstance(record, HostSample)
    ]
    replacements = Replacements(
        names_in(stored_manifest.value, cast("list[AnyEvent]", events), samples)
    )
    files = {MANIFEST: _json_bytes(replaced(stored_manifest.value, replacements))}
    with contextlib.suppress(RecordsUnreadable):
        files[SCHEDULE] = _json_bytes(
            replaced(read_value(run.path / SCHEDULE, Schedule).value, replacements)
        )
    left_out = [*stored_manifest.gaps]
    for name, file_lines in lines.items():
        bundled_name = _bundled_name(name, replacements)
        if bundled_name is None or not fits_a_bundle(bundled_name):
            left_out.append(f"{name} (no service of the run has this name)")
            continue
        files[bundled_name] = b"".join(_line_bytes(file_lines, replacements))
        unreadable_count = sum(record is None for record in file_lines.records)
        if unreadable_count:
            left_out.append(f"{counted(unreadable_count, 'line')} of {name} that cannot be read")
    files[RESULT] = _result_of(files, below)
    left_out += _other_entries(run.path, {*lines, MANIFEST, SCHEDULE, RESULT})
    configuration_count = sum(
        name != TORRC for service in stored_manifest.value.services for name in service.files
    )
    if configuration_count:
        left_out.append(f"{counted(configuration_count, 'configuration file')} other than torrcs")
    return Bundle(
        content=packed(files, version=__version__),
        replaced=replacements.counts(),
        left_out=tuple(left_out),
    )


_NO_LINES = _BundledLines(records=[], torn=False)


def _record_files(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the files of a run that hold a record per line, each with the kind of its records."""
    files: list[tuple[str, Any]] = [(EVENTS, AnyEvent)]
    for role, kind in SAMPLE_KINDS.items():
        files += [
            (f"{SAMPLES}/{file.name}", kind)
            for file in sorted((path / SAMPLES).glob(f"{role}*.jsonl"))
        ]
    for directory in (TRANSFERS, DIALS):
        files.append((f"{directory}.jsonl", Transfer))
        files += [
            (f"{directory}/{file.name}", Transfer)
            for file in sorted((path / directory).glob("*.jsonl"))
        ]
    yield from ((name, kind) for name, kind in files if (path / name).is_file())


def _read(path: Path, kind: Any) -> _BundledLines:  # noqa: ANN401 - a type, or a union of them
    try:
        complete_lines, _, torn_line = path.read_bytes().rpartition(b"\n")
    except OSError as error:
        raise RecordsUnreadable(f"{path} cannot be read: {error.strerror}") from error
    decoder = msgspec.json.Decoder(kind)
    records = [
        _record(line, decoder, kind)
        for line in (complete_lines.split(b"\n") if complete_lines else ())
    ]
    return _BundledLines(records=records, torn=bool(torn_line))


def _record(line: bytes, decoder: msgspec.json.Decoder[Any], kind: Any) -> msgspec.Struct | None:  # noqa: ANN401 - as above
    try:
        return cast("msgspec.Struct", decoder.decode(line))
    except UNDECODABLE:
        try:
            return cast("msgspec.Struct", known_part(line, kind)[0])
        except UNDECODABLE:
            return None


def _bundled_name(name: str, replacements: Replacements) -> str | None:
    """Return the name of a file in a bundle; None if it is named after no service."""
    directory, slash, file = name.rpartition("/")
    if not slash:
        return name
    service_name = replacements.names.services.get(file.removesuffix(".jsonl"))
    return None if service_name is None else f"{directory}/{service_name}.jsonl"


def _line_bytes(lines: _BundledLines, replacements: Replacements) -> Iterator[bytes]:
    encoder = msgspec.json.Encoder()
    for record in lines.records:
        yield (
            _UNREADABLE
            if record is None
            else encoder.encode(replaced(record, replacements)) + b"\n"
        )
    if lines.torn:
        yield _TORN


def _json_bytes(record: msgspec.Struct) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record)) + b"\n"


def _result_of(files: Mapping[str, bytes], below: Path | None) -> bytes:
    """Return the result that these files have, read as those of any other run."""
    with tempfile.TemporaryDirectory(prefix="onionrig-bundle-", dir=below) as directory:
        run = RunDirectory(laid_out(files, Path(directory) / "run"))
        return _json_bytes(analyse(run.recording()))


def laid_out(files: Mapping[str, bytes], path: Path) -> Path:
    """Write files below a new directory, 0700, and return it."""
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_bytes(content)
    return path


def _other_entries(path: Path, known_names: set[str]) -> list[str]:
    """Return in words what else is in a run directory."""
    entry_texts = []
    for entry in sorted(path.iterdir()):
        if entry.is_dir():
            files_inside = [
                file for file in entry.rglob("*") if not file.is_dir()
                and str(file.relative_to(path)) not in known_names
            ]  # fmt: skip
            entry_texts += (
                [f"{entry.name}/ ({counted(len(files_inside), 'file')})"] if files_inside else []
            )
        elif entry.name not in known_names:
            entry_texts.append(os.fsencode(entry.name).decode("utf-8", errors="replace"))
    return entry_texts

"""A run directory: made once, written while the run goes, read back by anything that looks at it.

manifest.json   what was run, on what            samples/*.jsonl   a line a second a process
events.jsonl    what happened                    transfers.jsonl   a line an attempt
logs/*.log      what each process printed        result.json       what it means
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, TypeVar, cast

import msgspec

from onionrig.errors import RecordsUnreadable, RunDirectoryError
from onionrig.experiment.decode import experiment_from
from onionrig.recorder.jsonl import read_all, unwritable
from onionrig.records.events import AnyEvent
from onionrig.records.manifest import Manifest
from onionrig.records.recording import Recording
from onionrig.records.result import Result
from onionrig.records.samples import HostSample, SinkSample
from onionrig.records.transfers import Transfer

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.records.schedule import Schedule

Record = TypeVar("Record", bound=msgspec.Struct)

SINK = "sink"
SAMPLER = "sampler"
EVENTS = "events.jsonl"


class RunDirectory:
    """The files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path) -> RunDirectory:
        """Make a new run directory, 0700. Raises RunDirectoryError where it has files already."""
        path = path.absolute()
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise RunDirectoryError(
                    f"{path} is not empty: a run never overwrites another; choose a new --out"
                )
            for name in ("samples", "logs"):
                (path / name).mkdir(mode=0o700)
        except OSError as error:
            raise unwritable(path, error) from error
        return cls(path)

    @property
    def events_path(self) -> Path:
        """Where the events are."""
        return self.path / EVENTS

    @property
    def transfers_path(self) -> Path:
        """Where the sinks' attempts are."""
        return self.path / "transfers.jsonl"

    def sample_path(self, service: str) -> Path:
        """Return where a service's samples are."""
        return self.path / "samples" / f"{service}.jsonl"

    def log_path(self, service: str) -> Path:
        """Return where a service's output is."""
        return self.path / "logs" / f"{service}.log"

    def write_manifest(self, manifest: Manifest) -> None:
        """Write or replace the manifest."""
        self._write("manifest.json", manifest)

    def write_schedule(self, schedule: Schedule) -> None:
        """Write when the load begins, is held and ends."""
        self._write("schedule.json", schedule)

    def write_result(self, result: Result) -> None:
        """Write or replace the result."""
        self._write("result.json", result)

    def read_manifest(self) -> Manifest:
        """Read the manifest. Raises RecordsUnreadable."""
        return _read(self.path / "manifest.json", Manifest)

    def read_result(self) -> Result | None:
        """Read the result as it was written; None where the run did not get to it."""
        path = self.path / "result.json"
        return _read(path, Result) if path.exists() else None

    def recording(self) -> Recording:
        """Read everything back. Raises RecordsUnreadable."""
        manifest = self.read_manifest()
        experiment = experiment_from([manifest.experiment])
        target = experiment.verdict.target
        return Recording(
            manifest=manifest,
            target_bits_per_second=None if target is None else float(target),
            streams_asked=experiment.load.streams,
            events=list(read_all(self.events_path, cast("type[AnyEvent]", AnyEvent))),
            sinks={path.stem: list(read_all(path, SinkSample)) for path in self._samples(SINK)},
            samplers={
                path.stem: list(read_all(path, HostSample)) for path in self._samples(SAMPLER)
            },
            transfers=list(read_all(self.transfers_path, Transfer)),
        )

    def _samples(self, role: str) -> list[Path]:
        return sorted((self.path / "samples").glob(f"{role}*.jsonl"))

    def _write(self, name: str, value: msgspec.Struct) -> None:
        """Replace a file whole, so that a reader sees the old one or the new one."""
        path = self.path / name
        fresh = path.with_name(f".{name}.new")
        text = msgspec.json.format(msgspec.json.encode(value)) + b"\n"
        try:
            with contextlib.closing(_Private(fresh)) as file:
                file.write(text)
            fresh.replace(path)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise unwritable(path, error) from error


class _Private:
    """A new file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)

    def write(self, content: bytes) -> None:
        while content:
            content = content[os.write(self._file, content) :]

    def close(self) -> None:
        os.close(self._file)


def _read(path: Path, kind: type[Record]) -> Record:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError as error:
        raise RecordsUnreadable(
            f"{path.parent} is no run directory: it has no {path.name}"
        ) from error
    except (OSError, msgspec.MsgspecError) as error:
        raise RecordsUnreadable(f"{path}: {error}") from error

"""A run directory: made once, written while the run goes, read back by anything that looks at it.

manifest.json   what was run, on what            samples/*.jsonl     a line per second, by process
events.jsonl    what happened                    transfers/*.jsonl   a line per attempt, by sink
schedule.json   when the load is on              dials/*.jsonl       a line per dial, if requested
logs/*.log      what each process printed        result.json         what it means
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, TypeVar, cast

import msgspec

from onionrig.errors import RunDirectoryError
from onionrig.experiment.names import (
    DIALLER,
    LOAD_DIALLER,
    PINGER,
    SAMPLER,
    SINK,
    SOURCE,
    TORS,
    YARDSTICK,
    is_one,
)
from onionrig.records.events import AnyEvent
from onionrig.records.recording import Recording
from onionrig.records.result import Result
from onionrig.records.samples import (
    HostSample,
    PingSample,
    SinkSample,
    SourceSample,
    TorSample,
)
from onionrig.records.streams.transfers import Transfer
from onionrig.records.yardstick.readings import YardstickSample
from onionrig.store.lines import Appender, unwritable
from onionrig.store.manifest_file import read_manifest
from onionrig.store.mending import asked_of, expected_files, mended_events
from onionrig.store.salvage import Absent, Salvage, Salvaged, read_value
from onionrig.store.whole_files import replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from onionrig.records.manifest import Manifest
    from onionrig.records.streams.schedule import Schedule

Record = TypeVar("Record", bound=msgspec.Struct)

MANIFEST, RESULT, SCHEDULE = "manifest.json", "result.json", "schedule.json"
EVENTS, TRANSFERS, DIALS = "events.jsonl", "transfers", "dials"
MOST_AT_ONCE = 1000
"""Upper bound on the number of runs that begin in one second."""
NAMED = 8
"""Number of files of a directory that are named if it is not a run."""


def refuse_unrecordable(path: Path) -> Path:
    """Return a path as records will have it, from the root.

    Raises RunDirectoryError for one that is not UTF-8, as records are.
    """
    path = path.absolute()
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        name = os.fsencode(path).decode("utf-8", errors="replace")
        raise RunDirectoryError(
            f"{name}: this path is not UTF-8, and records, which name it, are; choose another "
            "place with --out"
        ) from error
    return path


def made_new(path: Path, *directories: str) -> Path:
    """Make a directory with these in it, each 0700, and return its path.

    Raises RunDirectoryError if it has files already, or cannot be made.
    """
    path = refuse_unrecordable(path)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise RunDirectoryError(
                f"{path} is not empty: a run never overwrites another; choose a new --out"
            )
        for name in directories:
            (path / name).mkdir(mode=0o700)
    except OSError as error:
        raise unwritable(path, error) from error
    return path


def new_beside_others(path: Path) -> Path:
    """Make a directory that nobody else has, 0700: at a path, or with a number after its name.

    Raises RunDirectoryError if none can be made.
    """
    refuse_unrecordable(path)
    for name in (path.name, *(f"{path.name}-{number}" for number in range(2, MOST_AT_ONCE))):
        new_path = path.with_name(name)
        try:
            new_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            new_path.mkdir(mode=0o700)
        except FileExistsError:
            continue
        except OSError as error:
            raise unwritable(new_path, error) from error
        return new_path
    raise RunDirectoryError(f"{path} and {MOST_AT_ONCE - 2} names after it are taken: say --out")


class RunDirectory:
    """The files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path) -> RunDirectory:
        """Make a new run directory, 0700. Raises RunDirectoryError if it has files already."""
        return cls(made_new(path, "samples", "logs"))

    def remove(self) -> None:
        """Remove the directory of a run that began nothing, as far as that is possible."""
        shutil.rmtree(self.path, ignore_errors=True)

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.path.name

    @property
    def events_path(self) -> Path:
        """Path of the events."""
        return self.path / EVENTS

    @property
    def transfers_path(self) -> Path:
        """Directory of the sinks' attempts, with a file for each sink."""
        return self.path / TRANSFERS

    @property
    def dials_path(self) -> Path:
        """Directory of the dials, with a file for each dialler, if any were requested."""
        return self.path / DIALS

    def events_appender(self) -> Appender:
        """Open the events for appending. Raises RunDirectoryError."""
        return Appender(self.events_path)

    def sample_path(self, service: str) -> Path:
        """Return the path of a service's samples."""
        return self.path / "samples" / f"{service}.jsonl"

    def sampled(self, role: str) -> list[str]:
        """Return the names of a role's services that have begun to write samples."""
        return sorted(path.stem for path in (self.path / "samples").glob(f"{role}*.jsonl"))

    def log_path(self, service: str) -> Path:
        """Return the path of a service's output."""
        return self.path / "logs" / f"{service}.log"

    def write_manifest(self, manifest: Manifest) -> None:
        """Write or replace the manifest."""
        write_whole(self.path / MANIFEST, manifest)

    def write_schedule(self, schedule: Schedule) -> None:
        """Write the times at which the load begins, is held and ends."""
        write_whole(self.path / SCHEDULE, schedule)

    def write_result(self, result: Result) -> None:
        """Write or replace the result."""
        write_whole(self.path / RESULT, result)

    def so_far(self) -> dict[str, str]:
        """Return the manifest and the events as they are now, by the names of their files."""
        return {name: (self.path / name).read_text(encoding="utf-8") for name in (MANIFEST, EVENTS)}

    def read_manifest(self) -> Manifest:
        """Read the manifest. Raises RecordsUnreadable."""
        return read_manifest(self.path / MANIFEST).value

    def read_result(self) -> Result | None:
        """Return the result as it was written, or None if the run did not get to it.

        Raises RecordsUnreadable.
        """
        stored_result = self.stored_result()
        return None if stored_result is None else stored_result.value

    def stored_result(self) -> Salvaged[Result] | None:
        """Return the result with notes on it, for instance that a later version wrote it.

        Raises RecordsUnreadable.
        """
        try:
            return read_value(self.path / RESULT, Result)
        except Absent:
            return None

    def looks_like_a_run(self) -> bool:
        """Return whether there is any file that identifies a run."""
        return any(os.path.lexists(self.path / name) for name in (MANIFEST, RESULT, EVENTS))

    def absent(self) -> tuple[str, ...]:
        """Return notes on missing files that every run has from its start."""
        return tuple(
            f"{name} is missing"
            for name in (MANIFEST, EVENTS, "samples")
            if not os.path.lexists(self.path / name)
        )

    def contents(self) -> str:
        """Return a text about what there is."""
        try:
            names = sorted(path.name for path in self.path.iterdir())
        except OSError as error:
            return error.strerror or str(error)
        more_text = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return f"there is {', '.join(names[:NAMED])}{more_text}" if names else "it is empty"

    def recording(self) -> Recording:
        """Return everything that can be read; what cannot is listed in the recording's gaps.

        Raises RecordsUnreadable if no manifest can be read: only it says what the other files
        belong to.
        """
        stored_manifest = read_manifest(self.path / MANIFEST)
        manifest = stored_manifest.value
        salvage = Salvage(self.path)
        events: list[AnyEvent] = salvage.lines(EVENTS, cast("type[AnyEvent]", AnyEvent))
        expected = expected_files(manifest.roles, events, whole=not salvage.lost)
        events, mending_notes = mended_events(events, salvage.lost, self.path / SCHEDULE)
        asked_load = asked_of(manifest.experiment, events)
        return Recording(
            manifest=manifest,
            thresholds=asked_load.thresholds,
            streams_asked=asked_load.streams,
            events=events,
            sinks=salvage.samples(SINK, SinkSample, expected),
            sources=salvage.samples(SOURCE, SourceSample, expected),
            samplers=salvage.samples(SAMPLER, HostSample, expected),
            tors=salvage.samples(TORS, TorSample, expected),
            pings=salvage.samples(PINGER, PingSample, expected),
            yardsticks=salvage.samples(YARDSTICK, YardstickSample, expected),
            transfers=_by_end(
                salvage.of_services(
                    TRANSFERS, Transfer, [name for name in expected if is_one(SINK, name)]
                )
            ),
            dials=_by_end(
                salvage.of_services(
                    DIALS, Transfer, [name for name in expected if _is_dialler(name)]
                )
            ),
            gaps=(*stored_manifest.gaps, *asked_load.gaps, *salvage.gaps, *mending_notes),
        )


def _by_end(transfers: list[Transfer]) -> list[Transfer]:
    return sorted(
        transfers, key=lambda transfer: transfer.started_wall_seconds + transfer.ended_after_seconds
    )


def _is_dialler(name: str) -> bool:
    return is_one(DIALLER, name) or is_one(LOAD_DIALLER, name)


def write_whole(path: Path, value: msgspec.Struct) -> None:
    """Write or replace a file that holds one record. Raises RunDirectoryError."""
    replace_file(path, msgspec.json.format(msgspec.json.encode(value)) + b"\n")


def read_record(path: Path, kind: type[Record]) -> Record:
    """Return the one record that a file holds; of a later version, the part that is known.

    Raises RecordsUnreadable.
    """
    return read_value(path, kind).value

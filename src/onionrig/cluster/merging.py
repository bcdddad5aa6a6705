"""Merge what hosts have kept of a run with what is here of it.

Every file that a service writes only grows, and so do the events: the longer of two copies has
everything that the shorter one has. Manifest and schedule are the controller's, so the copy here
counts.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, cast

from onionrig.analysis.result import UNEXPLAINED
from onionrig.engine.local.engine import make_private, size_of
from onionrig.records.events import AnyEvent, Failed, Finished, Scheduled
from onionrig.store.run_directory import EVENTS, MANIFEST, SCHEDULE
from onionrig.store.salvage import Salvage
from onionrig.store.whole_files import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from onionrig.records.manifest import Manifest
    from onionrig.store.run_directory import RunDirectory

OURS = frozenset({PurePosixPath(name) for name in (MANIFEST, SCHEDULE)})
"""Files that the controller has written."""
HANDED_ON = OURS | {PurePosixPath(EVENTS)}
"""Files that the controller handed to hosts; hosts keep their own records in directories."""


def store_files(
    files: Iterable[tuple[PurePosixPath, bytes]], directory: Path
) -> tuple[PurePosixPath, ...]:
    """Take in the files of one host; return those that were new, or longer than what is here.

    Files that are made from records, such as the result, are not taken from a host. Raises
    RunDirectoryError.
    """
    new_files = []
    for path, content in files:
        if len(path.parts) == 1 and path not in HANDED_ON:
            continue
        target = directory / path
        size = size_of(target)
        if size and (path in OURS or size >= len(content)):
            continue
        make_private(target.parent)
        replace_file(target, content)
        new_files.append(path)
    return tuple(new_files)


def say_that_nobody_saw_the_end(run_directory: RunDirectory, *, handed_on: bool) -> None:
    """Add an event for the end of a run whose controller could not record it.

    ``handed_on`` is true if the events come from a host: these end as a load begins. Raises
    RunDirectoryError.
    """
    events = Salvage(run_directory.path).lines(EVENTS, cast("type[AnyEvent]", AnyEvent))
    if any(isinstance(event, (Failed, Finished)) for event in events):
        return
    with run_directory.events_appender() as appender:
        appender.append(unseen_end(events, handed_on=handed_on))


def unseen_end(events: Sequence[AnyEvent], *, handed_on: bool) -> Failed:
    """Return the event of an end that no controller has seen, at the time of the last event.

    It stays true whatever is collected later.
    """
    unknown = (
        "; the controller's own records are not here, so that faults, lost hosts and how the run "
        "ended are not known"
    )
    return Failed(
        wall_seconds=max((event.wall_seconds for event in events), default=0.0),
        since_start_seconds=max((event.since_start_seconds for event in events), default=0.0),
        error=UNEXPLAINED.error,
        message=(
            f"the controller's last event is from {_last_event(events)}, and it did not see the "
            "run's end; the hosts went on by themselves, and what they recorded was collected from "
            "them"
            f"{unknown if handed_on else ''}"
        ),
        exit_code=UNEXPLAINED.exit_code,
    )


def _last_event(events: Sequence[AnyEvent]) -> str:
    """Return when the last event was; how long the controller went on after it is not known."""
    loads = [event for event in events if isinstance(event, Scheduled)]
    if not loads:
        return "before any load"
    second = max(event.wall_seconds for event in events) - loads[-1].hold_second
    number = f" of load {len(loads)}" if len(loads) > 1 else ""
    if second < 0:
        return f"before the hold{number}"
    if second < 1:
        return f"the beginning of the hold{number}"
    return f"{second:.0f} s into the hold{number}"


def missing_files(manifest: Manifest, directory: Path, host: str) -> tuple[str, ...]:
    """Return the services of a host of which not even a log is here."""
    return tuple(
        service.name
        for service in manifest.services
        if service.host == host and not (directory / "logs" / f"{service.name}.log").exists()
    )

"""Lines that ``--events json`` prints beside the events of events.jsonl.

They say what the files of a run say elsewhere: its manifest, its samples and its result.
"""

from __future__ import annotations

from typing import Any

from onionrig.records.events import AnyEvent, Event
from onionrig.records.result import Failure, Goodput, Verdict


class RunStarted(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="run started"):
    """A run begins; this is its first line."""

    directory: str
    profile: str
    """Name of the experiment."""
    experiment: dict[str, Any]
    """The experiment as resolved, as it is in manifest.json."""
    loads: int
    """Number of loads that are put on in succession."""


class Progressed(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="progress"):
    """State of the load in the last recorded second; at most one line per second.

    These are the figures of the live view. The samples of the run have every second.
    """

    second: int
    """The second that the rates cover, in wall-clock seconds."""
    goodput_bits_per_second: float
    hold_bits_per_second: float | None
    """Mean goodput over the hold so far; null before the hold."""
    backends_bits_per_second: dict[str, float]
    """Goodput by backend instance."""
    streams: dict[str, int]
    """Streams that deliver, by backend instance."""
    streams_asked: int
    connecting: int
    failed: int
    """Streams that have failed since the start."""
    rig_cores: float | None
    """Cores that the rig uses, on all hosts; null until that is known."""


class RunEnded(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="run ended"):
    """A run has ended, and nothing of it is left running; this is its last line."""

    directory: str
    result_path: str | None
    """Path of result.json; null if the run did not get to one."""
    status: str | None
    """The result's ``complete`` or ``aborted``; null without a result."""
    goodput: Goodput | None
    verdict: Verdict | None
    doubts: tuple[str, ...]
    """Reasons not to trust the figures."""
    failure: Failure | None
    """Error that ended the run early, or the reason why nothing came of it."""
    exit_code: int
    """Exit code of the command, unless the run is one of several."""
    result: dict[str, Any] | None
    """The whole result with ``--json``; otherwise null."""


class SeriesEnded(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="series ended"):
    """A command with several runs has its outcome; this is its last line."""

    directory: str
    result_path: str
    exit_code: int
    result: dict[str, Any] | None
    """The whole outcome with ``--json``; otherwise null."""


AnyLine = AnyEvent | RunStarted | Progressed | RunEnded | SeriesEnded

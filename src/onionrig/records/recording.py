"""A whole run as it was recorded: what the recorder reads back and the analysis starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from onionrig.records.events import AnyEvent
from onionrig.records.manifest import Manifest
from onionrig.records.samples import (
    HostSample,
    PingSample,
    SinkSample,
    SourceSample,
    TorSample,
)
from onionrig.records.streams.transfers import Transfer
from onionrig.records.thresholds import Threshold
from onionrig.records.yardstick.readings import YardstickSample


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a run directory, decoded."""

    manifest: Manifest
    thresholds: tuple[Threshold, ...] = ()
    """Thresholds that the experiment asks for."""
    streams_asked: int
    events: Sequence[AnyEvent]
    sinks: Mapping[str, Sequence[SinkSample]]
    """Samples of each sink, by its name."""
    sources: Mapping[str, Sequence[SourceSample]]
    samplers: Mapping[str, Sequence[HostSample]]
    tors: Mapping[str, Sequence[TorSample]]
    pings: Mapping[str, Sequence[PingSample]]
    transfers: Sequence[Transfer]
    dials: Sequence[Transfer] = ()
    """Short streams through the client tors in turn, before a load or under it."""
    yardsticks: Mapping[str, Sequence[YardstickSample]] = {}
    """Readings of each machine's yardstick, by its name; older runs have none."""
    gaps: Sequence[str] = ()
    """Unreadable records, in words: missing files, and lines that are not records."""

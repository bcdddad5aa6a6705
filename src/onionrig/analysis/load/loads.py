"""Cut a run into its loads, each as if it had been the run's only one.

A run may put several loads on the same rig, one after the other: repetitions, or the points of a
sweep. Every figure of a load is computed from its own slice alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from onionrig.analysis.load.sink_seconds import SinkSeconds
from onionrig.analysis.load.windows import NOTHING_HELD, Window
from onionrig.experiment.decode import layer_from_setting, merged
from onionrig.records.events import (
    AnyEvent,
    Failed,
    Finished,
    Happened,
    Held,
    HostGone,
    Scheduled,
)
from onionrig.records.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onionrig.records.manifest import Manifest
    from onionrig.records.samples import Sample
    from onionrig.records.streams.transfers import Transfer
    from onionrig.records.yardstick.readings import YardstickSample

Kind = TypeVar("Kind")
Sampled = TypeVar("Sampled", bound="Sample")

BEFORE_SECONDS = 5
"""Seconds before a load's ramp whose samples belong to it: a counter needs one before its first."""
AFTER_SECONDS = 2
"""Seconds after its end, likewise: the last answers of tors asked as it ended."""


class MeasuredLoad(msgspec.Struct, frozen=True, kw_only=True):
    """One load, with its held seconds and what its sinks counted."""

    recording: Recording
    """Recording of the run, cut down to the load."""
    hold: Window
    sink_seconds: SinkSeconds

    @property
    def manifest(self) -> Manifest:
        """Manifest of the run, with the experiment as this load had it."""
        return self.recording.manifest

    @property
    def held_bytes(self) -> list[int]:
        """Payload bytes of each second of the hold."""
        return self.sink_seconds.payload_in(self.hold)

    @property
    def complete(self) -> bool:
        """True if the load was held to its end."""
        return complete(self.recording)


def loads(recording: Recording) -> list[MeasuredLoad]:
    """Return the loads of a run in order, or the whole run if none was scheduled.

    A load that was held to its end is complete, even if the run failed afterwards.
    """
    scheduled = events_of(recording.events, Scheduled)
    if not scheduled:
        return [load_of(recording)]
    return [
        load_of(
            _with_settings(
                msgspec.structs.replace(
                    recording if len(scheduled) == 1 else _part_of_load(recording, load),
                    events=_events(recording.events, number),
                ),
                load,
            )
        )
        for number, load in enumerate(scheduled)
    ]


def load_of(recording: Recording) -> MeasuredLoad:
    """Return a recording of one load as that load; of several, the hold is that of the last one."""
    sink_seconds = SinkSeconds.of(recording.sinks, lost_from=_lost_sinks(recording))
    holds = hold_windows(recording, sink_seconds)
    return MeasuredLoad(
        recording=recording, hold=holds[-1] if holds else NOTHING_HELD, sink_seconds=sink_seconds
    )


def _lost_sinks(recording: Recording) -> dict[str, int]:
    """Return, for each sink on a lost host, the first second that it did not record whole."""
    seconds = {
        event.host: int(event.last_heard_wall_seconds)
        for event in events_of(recording.events, HostGone)
    }
    return {
        record.name: seconds[record.host]
        for record in recording.manifest.services
        if record.host in seconds and record.name in recording.sinks
    }


def hold_windows(recording: Recording, sink_seconds: SinkSeconds) -> list[Window]:
    """Return the held seconds of each scheduled load, in order.

    They are as scheduled, or end at the last sample of a load that was aborted.
    """
    windows: list[Window] = []
    for number, load in enumerate(events_of(recording.events, Scheduled)):
        begin, end = load.hold_second, load.end_second
        if not events_of(_events(recording.events, number), Finished):
            load_seconds = range(load.ramp_second, end)
            sampled_seconds = (
                second for second in sink_seconds.payload_bytes if second in load_seconds
            )
            end = max(begin, 1 + max(sampled_seconds, default=begin - 1))
        windows.append(Window(begin=begin, end=end))
    return windows


def complete(recording: Recording) -> bool:
    """Return True if a run, or a slice of it, ran to its end."""
    return bool(events_of(recording.events, Finished))


def events_of(events: Sequence[AnyEvent], kind: type[Kind]) -> list[Kind]:
    """Return the events of one kind, in order."""
    return [event for event in events if isinstance(event, kind)]


def _part_of_load(recording: Recording, load: Scheduled) -> Recording:
    """Keep the samples and transfers of one load.

    What sinks and sources count belongs to a single second, so nothing of another load's may be
    included, however close it is; cumulative counters need a reading before the first second.
    """
    load_window = Window(begin=load.ramp_second, end=load.end_second)
    wider_window = Window(
        begin=load_window.begin - BEFORE_SECONDS, end=load_window.end + AFTER_SECONDS
    )
    return msgspec.structs.replace(
        recording,
        sinks=_within(recording.sinks, load_window),
        sources=_within(recording.sources, load_window),
        samplers=_within(recording.samplers, wider_window),
        tors=_within(recording.tors, wider_window),
        pings=_pings(recording, load_window),
        yardsticks=_yardsticks(recording, load),
        transfers=[
            transfer
            for transfer in recording.transfers
            if load_window.begin <= transfer.started_wall_seconds < load_window.end
        ],
        dials=_dials(recording, load),
    )


def _events(events: Sequence[AnyEvent], number: int) -> list[AnyEvent]:
    """Return the events before the first load, those of this load, and the end of the run.

    A load that was held has finished. Faults of an earlier load are kept: what was not undone
    lasts, and so does the loss of a host.
    """
    load_index, kept_events = -1, list[AnyEvent]()
    for event in events:
        load_index += isinstance(event, Scheduled)
        if load_index == number and isinstance(event, Held):
            kept_events.append(
                Finished(
                    wall_seconds=event.wall_seconds, since_start_seconds=event.since_start_seconds
                )
            )
        elif load_index in (-1, number) or _is_kept_from_elsewhere(
            event, is_before=load_index < number
        ):
            kept_events.append(event)
    return kept_events


def _is_kept_from_elsewhere(event: AnyEvent, *, is_before: bool) -> bool:
    is_lasting = isinstance(event, (Happened, HostGone))
    return isinstance(event, (Failed, Finished)) or (is_before and is_lasting)


def _with_settings(recording: Recording, load: Scheduled) -> Recording:
    """Give a slice the experiment as this load had it."""
    experiment: Mapping[str, Any] = recording.manifest.experiment
    for key, value in load.settings.items():
        experiment = merged(experiment, layer_from_setting(f"{key}={value}"))
    return msgspec.structs.replace(
        recording,
        manifest=msgspec.structs.replace(recording.manifest, experiment=dict(experiment)),
        streams_asked=load.streams,
    )


def _within(
    samples: Mapping[str, Sequence[Sampled]], window: Window
) -> dict[str, Sequence[Sampled]]:
    return {
        name: [sample for sample in service_samples if sample.second in window.seconds]
        for name, service_samples in samples.items()
    }


def _dials(recording: Recording, load: Scheduled) -> list[Transfer]:
    """Return a load's dials, and those from before the first load."""
    first_load_seconds = events_of(recording.events, Scheduled)[0].wall_seconds
    return [
        dial
        for dial in recording.dials
        if dial.started_wall_seconds < first_load_seconds
        or load.wall_seconds <= dial.started_wall_seconds < load.end_second
    ]


def _yardsticks(recording: Recording, load: Scheduled) -> Mapping[str, Sequence[YardstickSample]]:
    """Return the readings from the end of the load before to the ramp of the next one.

    After one load and before another, a machine may be read twice.
    """
    scheduled = events_of(recording.events, Scheduled)
    earlier_ends = [
        load_schedule.end_second
        for load_schedule in scheduled
        if load_schedule.end_second <= load.ramp_second
    ]
    later_begins = [
        load_schedule.ramp_second
        for load_schedule in scheduled
        if load_schedule.ramp_second >= load.end_second
    ]
    begin, end = max(earlier_ends, default=0), min(later_begins, default=math.inf)

    def belongs(sample: YardstickSample) -> bool:
        match sample.moment:
            case "before":
                return begin <= sample.second <= load.ramp_second
            case "hold":
                return load.ramp_second <= sample.second < load.end_second
            case "after":
                return load.end_second <= sample.second < end

    return {
        name: [sample for sample in samples if belongs(sample)]
        for name, samples in recording.yardsticks.items()
    }


def _pings(recording: Recording, window: Window) -> Mapping[str, Sequence[Any]]:
    """Return the round trips of a load, and those from before the first: of an idle network."""
    first_ramp_second = events_of(recording.events, Scheduled)[0].ramp_second
    return {
        name: [
            sample
            for sample in samples
            if sample.second < first_ramp_second or sample.second in window.seconds
        ]
        for name, samples in recording.pings.items()
    }

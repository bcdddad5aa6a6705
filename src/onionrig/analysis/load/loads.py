"""The loads of a run, each cut out as if it had been the run's only one.

A run may put several loads on the same rig, one after the other: repetitions, or the points of a
sweep. Everything that is said of a load is computed from its own slice alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from onionrig.analysis.load.windows import Window
from onionrig.experiment.decode import layer_from_setting, merged
from onionrig.records.events import AnyEvent, Failed, Finished, Happened, Held, Scheduled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onionrig.records.recording import Recording
    from onionrig.records.samples import Sample
    from onionrig.records.transfers import Transfer

Kind = TypeVar("Kind")
Sampled = TypeVar("Sampled", bound="Sample")

BEFORE_SECONDS = 5
"""Of samples before a load's ramp that belong to it: a counter needs one before its first."""
AFTER_SECONDS = 2
"""Of those after its end: the last answers of tors that were asked as it ended."""


def loads(recording: Recording) -> list[Recording]:
    """Return a slice for each load of a run, in order; the whole where none was scheduled.

    A load that was held to its end is complete, although the run failed afterwards.
    """
    scheduled = events_of(recording.events, Scheduled)
    if not scheduled:
        return [recording]
    return [
        _asked(
            msgspec.structs.replace(
                recording if len(scheduled) == 1 else _cut(recording, load),
                events=_events(recording.events, number),
            ),
            load,
        )
        for number, load in enumerate(scheduled)
    ]


def hold_window(recording: Recording) -> Window:
    """Return the held seconds: as scheduled, or up to the last sample of an aborted load."""
    scheduled = events_of(recording.events, Scheduled)
    if not scheduled:
        return Window(begin=0, end=0)
    begin, end = scheduled[-1].hold_second, scheduled[-1].end_second
    if not complete(recording):
        sampled = [samples[-1].second + 1 for samples in recording.sinks.values() if samples]
        end = max(begin, min(end, max(sampled, default=begin)))
    return Window(begin=begin, end=end)


def complete(recording: Recording) -> bool:
    """Return whether a run, or a slice of it, went through to its end."""
    return bool(events_of(recording.events, Finished))


def events_of(events: Sequence[AnyEvent], kind: type[Kind]) -> list[Kind]:
    """Return the events of one kind, in order."""
    return [event for event in events if isinstance(event, kind)]


def _cut(recording: Recording, load: Scheduled) -> Recording:
    """Keep the samples and transfers of one load.

    What sinks and sources count is a second's own, so nothing of another load's may come with it,
    however close it stands; counters that run on need a reading before the first second.
    """
    own = Window(begin=load.ramp_second, end=load.end_second)
    around = Window(begin=own.begin - BEFORE_SECONDS, end=own.end + AFTER_SECONDS)
    return msgspec.structs.replace(
        recording,
        sinks=_within(recording.sinks, own),
        sources=_within(recording.sources, own),
        samplers=_within(recording.samplers, around),
        tors=_within(recording.tors, around),
        pings=_pings(recording, own),
        transfers=[
            transfer
            for transfer in recording.transfers
            if own.begin <= transfer.started_wall_seconds < own.end
        ],
        dials=_dials(recording, load),
    )


def _events(events: Sequence[AnyEvent], number: int) -> list[AnyEvent]:
    """Return what led to the first load, what happened in this one, and how the run ended.

    To have been held is to have finished, for a load. What was done to the rig in an earlier load
    is kept: what was not undone lasts.
    """
    seen, kept = -1, list[AnyEvent]()
    for event in events:
        seen += isinstance(event, Scheduled)
        if seen == number and isinstance(event, Held):
            kept.append(
                Finished(
                    wall_seconds=event.wall_seconds, since_start_seconds=event.since_start_seconds
                )
            )
        elif seen in (-1, number) or _outlasts(event, before=seen < number):
            kept.append(event)
    return kept


def _outlasts(event: AnyEvent, *, before: bool) -> bool:
    return isinstance(event, (Failed, Finished)) or (before and isinstance(event, Happened))


def _asked(recording: Recording, load: Scheduled) -> Recording:
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
        name: [sample for sample in several if sample.second in window.seconds]
        for name, several in samples.items()
    }


def _dials(recording: Recording, load: Scheduled) -> list[Transfer]:
    """Return a load's dials, and those from before the first load."""
    first = events_of(recording.events, Scheduled)[0].wall_seconds
    return [
        dial
        for dial in recording.dials
        if dial.started_wall_seconds < first
        or load.wall_seconds <= dial.started_wall_seconds < load.end_second
    ]


def _pings(recording: Recording, window: Window) -> Mapping[str, Sequence[Any]]:
    """Return the round trips of a load, and those from before the first: of an idle network."""
    first = events_of(recording.events, Scheduled)[0].ramp_second
    return {
        name: [
            sample for sample in samples if sample.second < first or sample.second in window.seconds
        ]
        for name, samples in recording.pings.items()
    }

"""Reconstruct from what is left of a run what was asked, when it was held, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from onionrig.errors import RecordsUnreadable, UsageError
from onionrig.experiment.decode import experiment_from
from onionrig.experiment.names import tors_record
from onionrig.experiment.schema import Experiment, Thresholds
from onionrig.experiment.thresholds import thresholds_of
from onionrig.records.events import AnyEvent, Failed, Finished, Held, Phase, PhaseBegan, Scheduled
from onionrig.records.streams.schedule import Schedule
from onionrig.records.thresholds import Threshold
from onionrig.rig.model import Role
from onionrig.store.salvage import read_value
from onionrig.units import BitsPerSecond

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

LONGEST_SECONDS = 7 * 24 * 3600
"""Longest plausible load."""
_WRITERS = {Role.SINK, Role.SOURCE, Role.SAMPLER, Role.PINGER, Role.DIALLER, Role.YARDSTICK}
"""Roles whose services write their own records."""


class AskedLoad(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a run's experiment that the analysis needs."""

    thresholds: tuple[Threshold, ...]
    streams: int
    gaps: tuple[str, ...] = ()


def asked_of(experiment: Mapping[str, Any], events: Sequence[AnyEvent]) -> AskedLoad:
    """Return what a manifest's experiment asks; as far as it is known if of another version."""
    try:
        checked_experiment = experiment_from([experiment])
    except UsageError as error:
        return AskedLoad(
            thresholds=_target_thresholds(experiment),
            streams=_stream_count(experiment, events),
            gaps=(
                f"manifest.json holds an experiment that this version would not accept: {error}",
            ),
        )
    return AskedLoad(
        thresholds=thresholds_of(checked_experiment), streams=checked_experiment.load.streams_asked
    )


def expected_files(
    roles: Mapping[str, str], events: Iterable[AnyEvent], *, whole: bool
) -> frozenset[str]:
    """Return the names of the services that should have samples, as far as the run went.

    ``whole`` is true if all events could be read; otherwise the run is assumed to have held.
    """
    known_events = list(events)
    if whole and not any(isinstance(event, Scheduled) for event in known_events):
        return frozenset()
    was_held = not whole or any(_proves_a_hold(event) for event in known_events)
    writer_names = {name for name, role in roles.items() if role in _WRITERS}
    return frozenset(writer_names | (_tor_record_names(roles) if was_held else set()))


def _tor_record_names(roles: Mapping[str, str]) -> set[str]:
    """Return the names of the records of the tors' counters: one per sampler if there are tors."""
    if Role.PINGER not in roles.values():
        return set()
    return {tors_record(name) for name, role in roles.items() if role == Role.SAMPLER}


def _proves_a_hold(event: AnyEvent) -> bool:
    """Return whether an event proves that a hold had begun."""
    is_begun_hold = isinstance(event, PhaseBegan) and event.phase is Phase.HOLD
    return is_begun_hold or isinstance(event, (Held, Finished))


def mended_events(
    events: Sequence[AnyEvent], losses: Sequence[str], schedule_path: Path
) -> tuple[list[AnyEvent], tuple[str, ...]]:
    """Return the events, with lost ones restored from another file, and notes on what was done.

    If none were lost, a run without an end was killed, and is left as it is.
    """
    mended = [event for event in events if not _has_impossible_times(event)]
    notes: tuple[str, ...] = ()
    if len(mended) < len(events):
        notes = ("events.jsonl has a load whose times cannot be",)
    losses = [*losses, *notes]
    if not losses:
        return mended, ()
    if not any(isinstance(event, Scheduled) for event in mended):
        load = _load_of_schedule(schedule_path)
        if load is not None:
            mended.append(load)
            notes = (*notes, f"the times of the load are those of {schedule_path.name}")
    if not any(isinstance(event, (Failed, Finished)) for event in mended):
        mended.append(
            Failed(
                wall_seconds=0.0,
                since_start_seconds=0.0,
                error=RecordsUnreadable.__name__,
                message=f"how the run ended is not known: {losses[0]}",
                exit_code=RecordsUnreadable.exit_code,
            )
        )
    return mended, notes


def _load_of_schedule(path: Path) -> Scheduled | None:
    """Return the last load's times as the sink was given them, or None if they are lost as well."""
    try:
        schedule = read_value(path, Schedule).value
    except RecordsUnreadable:
        return None
    load = Scheduled(
        wall_seconds=float(schedule.ramp_second),
        since_start_seconds=0.0,
        ramp_second=schedule.ramp_second,
        hold_second=schedule.hold_second,
        end_second=schedule.end_second,
        streams=schedule.streams,
    )
    return None if _has_impossible_times(load) else load


def _has_impossible_times(event: AnyEvent) -> bool:
    """Return whether an event is a load that ends before it begins, or lasts for ever.

    A damaged digit can cause this, and figures over its seconds would never be finished.
    """
    if not isinstance(event, Scheduled):
        return False
    times = (0, event.ramp_second, event.hold_second, event.end_second)
    return list(times) != sorted(times) or event.end_second - event.ramp_second > LONGEST_SECONDS


def _target_thresholds(experiment: Mapping[str, Any]) -> tuple[Threshold, ...]:
    """Return the target of an experiment of another version, the one threshold that all have."""
    target = _setting(experiment, "verdict", "target")
    try:
        rate = BitsPerSecond.parse(target) if isinstance(target, str) else None
    except UsageError:
        rate = None
    return thresholds_of(Experiment(verdict=Thresholds(target=rate)))


def _stream_count(experiment: Mapping[str, Any], events: Sequence[AnyEvent]) -> int:
    scheduled_streams = [event.streams for event in events if isinstance(event, Scheduled)]
    streams = _setting(experiment, "load", "streams")
    return (
        streams if isinstance(streams, int) else scheduled_streams[-1] if scheduled_streams else 0
    )


def _setting(experiment: Mapping[str, Any], table: str, key: str) -> object:
    settings = experiment.get(table)
    return settings.get(key) if isinstance(settings, dict) else None

"""Compute what a report draws of a run, second by second, as plain data.

Times are seconds from the first hold's start; earlier ones are negative. The whole run is drawn:
several loads follow one another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.backends.dials import dials_by_second
from onionrig.analysis.hosts.facts import host_of, machine_of
from onionrig.analysis.load.faults import faults_in
from onionrig.analysis.load.loads import complete, events_of, hold_windows
from onionrig.analysis.load.sink_seconds import SinkSeconds
from onionrig.analysis.load.windows import NOTHING_HELD, LowestMean, Window, lowest_mean
from onionrig.analysis.over_time.host_lines import (
    Lines,
    cores_by_role,
    cpu_by_state,
    interface_bits_per_second,
)
from onionrig.analysis.over_time.timeline import Timeline, downsampled_timeline, timeline
from onionrig.records import Part
from onionrig.records.events import HostGone, Scheduled
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from onionrig.records.recording import Recording

UNVERIFIED = "unverified"
"""Name of the line of a foreign peer's bytes, which belong to no backend instance."""
LOST = "lost"
"""Verb for the loss of a host; no fault has it."""
SERVED, FAILED, WAITING = "served", "failed", "still waiting"
MEDIAN, HIGHEST = "median", "slowest"
NO_TIMELINE = Timeline(at_seconds=(), lasting_seconds=(), lines={})
MOST_POINTS = 600
"""Highest number of points per line that a chart can show."""


class SeriesLoad(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One load of the run: when its first stream dialled, its hold began and it ended."""

    ramp: float
    hold: float
    end: float
    settings: dict[str, str]
    held: Window
    """Hold in wall-clock seconds."""
    lowest: LowestMean | None
    """Ten seconds of the sustained rate, counted from the start of the hold."""


class SeriesFault(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fault, or the loss of a host."""

    at: float
    verb: str
    subject: str
    """Service or host affected."""
    bits_per_second: float | None = None
    """Rate of the host's link from then on; null if it did not change."""


class Series(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run as it is drawn."""

    loads: tuple[SeriesLoad, ...]
    goodput_bits_per_second: Timeline
    """Goodput by backend instance; a second without a sample is 0, as in the figures."""
    streams: Timeline
    """Streams that are delivering, by backend instance."""
    cores: Timeline
    """CPU in use by role, all hosts together."""
    host_cores: dict[str, Timeline]
    """Cores in each state by machine, according to the machine-wide counters."""
    interface_bits_per_second: Timeline
    """Rates by host, interface and direction, as in ``here eth0 sent``; idle ones are left out."""
    round_trip_seconds: Timeline
    """Round trips by client tor."""
    connect_seconds: tuple[float, ...]
    """Time from the dial to the SOCKS reply, of each attempt that got one."""
    first_byte_seconds: tuple[float, ...]
    """Time from the dial to the first byte, of each attempt that got one."""
    faults: tuple[SeriesFault, ...] = ()
    """Faults, and losses of hosts, in order."""
    dialled: Timeline = NO_TIMELINE
    """New streams by the second in which they were dialled: served, failed and, if there are any,
    still waiting when the dialling was ended."""
    dial_wait_seconds: Timeline = NO_TIMELINE
    """Time from the dial to the first byte: median and maximum of the streams dialled in a
    second."""


def series(recording: Recording) -> Series:
    """Return what is drawn of a run, from the first ramp to the last end."""
    scheduled = events_of(recording.events, Scheduled)
    zero = scheduled[0].hold_second if scheduled else 0
    sinks = SinkSeconds.of(recording.sinks)
    span = _span(recording, scheduled, sinks)
    manifest, transfers = recording.manifest, recording.transfers

    def over_span(lines: Lines, *, absent: float | None = None) -> Timeline:
        return timeline(span, zero, lines, absent=absent)

    return Series(
        loads=_loads(recording, scheduled, sinks, zero),
        goodput_bits_per_second=over_span(_goodput(sinks, manifest.backends), absent=0.0),
        streams=over_span(_streams(sinks, manifest.backends)),
        cores=over_span(cores_by_role(recording.samplers, manifest.roles)),
        host_cores={
            machine_of(manifest, host_of(manifest, name)): over_span(cpu_by_state(samples))
            for name, samples in recording.samplers.items()
        },
        interface_bits_per_second=over_span(_interfaces(recording)),
        round_trip_seconds=over_span(_round_trips(recording)),
        connect_seconds=_values_without_gaps(
            transfer.connected_after_seconds for transfer in transfers
        ),
        first_byte_seconds=_values_without_gaps(
            transfer.first_byte_after_seconds for transfer in transfers
        ),
        faults=_faults(recording, span, zero),
        **_dials(recording, span, zero),
    )


def downsampled(full_series: Series, most: int = MOST_POINTS) -> Series:
    """Return the series with at most ``most`` points per line; lists stay as they are."""
    return Series(
        loads=full_series.loads,
        goodput_bits_per_second=downsampled_timeline(full_series.goodput_bits_per_second, most),
        streams=downsampled_timeline(full_series.streams, most),
        cores=downsampled_timeline(full_series.cores, most),
        host_cores={
            host: downsampled_timeline(states, most)
            for host, states in full_series.host_cores.items()
        },
        interface_bits_per_second=downsampled_timeline(full_series.interface_bits_per_second, most),
        round_trip_seconds=downsampled_timeline(full_series.round_trip_seconds, most),
        connect_seconds=full_series.connect_seconds,
        first_byte_seconds=full_series.first_byte_seconds,
        faults=full_series.faults,
        dialled=downsampled_timeline(full_series.dialled, most),
        dial_wait_seconds=downsampled_timeline(full_series.dial_wait_seconds, most),
    )


def _loads(
    recording: Recording, scheduled: Sequence[Scheduled], sinks: SinkSeconds, zero: int
) -> tuple[SeriesLoad, ...]:
    return tuple(
        SeriesLoad(
            ramp=float(load.ramp_second - zero),
            hold=float(hold.begin - zero),
            end=float(hold.end - zero),
            settings=load.settings,
            held=hold,
            lowest=lowest_mean(sinks.payload_in(hold)),
        )
        for load, hold in zip(scheduled, hold_windows(recording, sinks), strict=True)
    )


def _span(recording: Recording, scheduled: Sequence[Scheduled], sinks: SinkSeconds) -> Window:
    """Return the time from the first ramp to the last end, or to an aborted run's last sample."""
    if not scheduled:
        return NOTHING_HELD
    begin, end = scheduled[0].ramp_second, scheduled[-1].end_second
    if not complete(recording):
        end = min(end, 1 + max(sinks.payload_bytes, default=begin - 1))
    return Window(begin=begin, end=max(begin, end))


def _goodput(sinks: SinkSeconds, backends: Iterable[str]) -> Lines:
    lines: Lines = {name: {} for name in backends}
    for name, sizes in sinks.backend_bytes.items():
        lines[name] = _rates(sizes)
    if sinks.unverified_bytes:
        lines[UNVERIFIED] = _rates(sinks.unverified_bytes)
    return lines


def _rates(sizes: Mapping[int, int]) -> dict[int, float]:
    return {second: float(size * BITS_PER_BYTE) for second, size in sizes.items()}


def _streams(sinks: SinkSeconds, backends: Iterable[str]) -> Lines:
    """Return each backend instance's streams: 0 in a second whose samples do not name it."""
    lines: Lines = {name: dict.fromkeys(sinks.payload_bytes, 0.0) for name in backends}
    for name, counts in sinks.backend_streams.items():
        lines.setdefault(name, {}).update(
            (second, float(count)) for second, count in counts.items()
        )
    return lines


def _interfaces(recording: Recording) -> Lines:
    return {
        f"{host_of(recording.manifest, name)} {interface}": rates
        for name, samples in recording.samplers.items()
        for interface, rates in interface_bits_per_second(samples).items()
    }


def _round_trips(recording: Recording) -> Lines:
    lines: Lines = {}
    for samples in recording.pings.values():
        for sample in samples:
            for client, seconds in sample.round_trip_seconds.items():
                if seconds is not None:
                    lines.setdefault(client, {})[sample.second] = seconds
    return lines


def _faults(recording: Recording, span: Window, zero: int) -> tuple[SeriesFault, ...]:
    planned_faults = [
        SeriesFault(
            at=event.wall_seconds - zero,
            verb=event.verb,
            subject=event.subject,
            bits_per_second=event.bits_per_second,
        )
        for event in faults_in(recording, span)
    ]
    losses = [
        SeriesFault(at=event.last_heard_wall_seconds - zero, verb=LOST, subject=event.host)
        for event in events_of(recording.events, HostGone)
    ]
    return tuple(sorted((*planned_faults, *losses), key=lambda fault: fault.at))


def _dials(recording: Recording, span: Window, zero: int) -> dict[str, Timeline]:
    """Return the timelines of what was dialled under load, or none if nothing was."""
    seconds = dials_by_second(recording.dials, since=float(span.begin), seconds=len(span.seconds))
    if not any(second.begun for second in seconds):
        return {}
    counts: Lines = {SERVED: {}, FAILED: {}}
    waits: Lines = {MEDIAN: {}, HIGHEST: {}}
    is_any_waiting = any(second.still_waiting for second in seconds)
    for second in seconds:
        second_of_run = span.begin + second.second
        counts[SERVED][second_of_run], counts[FAILED][second_of_run] = second.served, second.failed
        if is_any_waiting:
            counts.setdefault(WAITING, {})[second_of_run] = second.still_waiting
        if second.median_first_byte_seconds is not None:
            waits[MEDIAN][second_of_run] = second.median_first_byte_seconds
        if second.highest_first_byte_seconds is not None:
            waits[HIGHEST][second_of_run] = second.highest_first_byte_seconds
    return {
        "dialled": timeline(span, zero, counts),
        "dial_wait_seconds": timeline(span, zero, waits),
    }


def _values_without_gaps(values: Iterable[float | None]) -> tuple[float, ...]:
    return tuple(value for value in values if value is not None)

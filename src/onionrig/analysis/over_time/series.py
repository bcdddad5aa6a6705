"""What a report draws of a run, second by second, as plain lists.

Times are seconds from the first hold's start; what came before it is negative. The whole run is
drawn: several loads stand one after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.backends.dials import over_time
from onionrig.analysis.hosts.facts import host_of, machine_of
from onionrig.analysis.load.faults import happened_in
from onionrig.analysis.load.loads import complete, events_of, hold_windows
from onionrig.analysis.load.sink_seconds import SinkSeconds
from onionrig.analysis.load.windows import NOTHING_HELD, LowestMean, Window, lowest_mean
from onionrig.analysis.over_time.host_lines import (
    cores_by_role,
    cpu_by_state,
    interface_bits_per_second,
)
from onionrig.analysis.over_time.timeline import Timeline, downsampled_timeline, timeline
from onionrig.records.events import Scheduled
from onionrig.records.part import Part
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from onionrig.records.recording import Recording

Lines = dict[str, dict[int, float]]

UNVERIFIED = "unverified"
"""The line of a foreign peer's bytes, which belong to no backend instance."""
SERVED, FAILED = "served", "failed"
MEDIAN, HIGHEST = "median", "slowest"
NO_TIMELINE = Timeline(at_seconds=(), lasting_seconds=(), lines={})
MOST_POINTS = 600
"""As many as a chart can show."""


class SeriesLoad(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One load of the run: when its first stream dialled, its hold began and it ended."""

    ramp: float
    hold: float
    end: float
    settings: dict[str, str]
    held: Window
    """The hold as wall-clock seconds."""
    lowest: LowestMean | None
    """The ten seconds that the sustained rate is of, counted from the hold's start."""


class Incident(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that was done to the rig."""

    at: float
    verb: str
    subject: str
    """The service, or the emulated host."""
    bits_per_second: float | None = None
    """What its link carries since then; of ``link_rate`` alone."""


class Series(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run as it is drawn."""

    loads: tuple[SeriesLoad, ...]
    goodput_bits_per_second: Timeline
    """By backend instance; a second without a sample is 0, as in the figures."""
    streams: Timeline
    """Streams that deliver, by backend instance."""
    cores: Timeline
    """CPU in use by role, all hosts together."""
    host_cores: dict[str, Timeline]
    """By machine: cores in each state, as the machine-wide counters have it."""
    interface_bits_per_second: Timeline
    """As in ``here eth0 sent``; only those that carried anything."""
    round_trip_seconds: Timeline
    """By client tor."""
    connect_seconds: tuple[float, ...]
    """From the dial to the SOCKS reply, of each attempt that got one."""
    first_byte_seconds: tuple[float, ...]
    """From the dial to the first byte, of each attempt that got one."""
    incidents: tuple[Incident, ...] = ()
    """In their order."""
    dialled: Timeline = NO_TIMELINE
    """New streams by when they were dialled: those that were served, and that failed."""
    dial_wait_seconds: Timeline = NO_TIMELINE
    """From the dial to the first byte: of each second's new streams the median, and the highest."""


def series(recording: Recording) -> Series:
    """Return what is to be drawn of a run, from the first ramp to the last end."""
    scheduled = events_of(recording.events, Scheduled)
    zero = scheduled[0].hold_second if scheduled else 0
    sinks = SinkSeconds.of(recording.sinks)
    holds = hold_windows(recording, sinks)
    span = _span(recording, scheduled, sinks)
    manifest = recording.manifest
    transfers = recording.transfers
    return Series(
        loads=tuple(
            SeriesLoad(
                ramp=float(load.ramp_second - zero),
                hold=float(hold.begin - zero),
                end=float(hold.end - zero),
                settings=load.settings,
                held=hold,
                lowest=lowest_mean(sinks.payload_in(hold)),
            )
            for load, hold in zip(scheduled, holds, strict=True)
        ),
        goodput_bits_per_second=timeline(
            span, zero, _goodput(sinks, manifest.backends), absent=0.0
        ),
        streams=timeline(span, zero, _streams(sinks, manifest.backends)),
        cores=timeline(span, zero, cores_by_role(recording.samplers, manifest.roles)),
        host_cores={
            machine_of(manifest, host_of(manifest, name)): timeline(
                span, zero, cpu_by_state(samples)
            )
            for name, samples in recording.samplers.items()
        },
        interface_bits_per_second=timeline(
            span,
            zero,
            {
                f"{host_of(manifest, name)} {which}": rates
                for name, samples in recording.samplers.items()
                for which, rates in interface_bits_per_second(samples).items()
            },
        ),
        round_trip_seconds=timeline(span, zero, _round_trips(recording)),
        connect_seconds=tuple(
            transfer.connected_after_seconds
            for transfer in transfers
            if transfer.connected_after_seconds is not None
        ),
        first_byte_seconds=tuple(
            transfer.first_byte_after_seconds
            for transfer in transfers
            if transfer.first_byte_after_seconds is not None
        ),
        incidents=tuple(
            Incident(
                at=event.wall_seconds - zero,
                verb=event.verb,
                subject=event.subject,
                bits_per_second=event.bits_per_second,
            )
            for event in happened_in(recording, span)
        ),
        **_dials(recording, span, zero),
    )


def downsampled(whole: Series, most: int = MOST_POINTS) -> Series:
    """Return the series with at most so many points a line; totals and lists stay as they are."""
    return Series(
        loads=whole.loads,
        goodput_bits_per_second=downsampled_timeline(whole.goodput_bits_per_second, most),
        streams=downsampled_timeline(whole.streams, most),
        cores=downsampled_timeline(whole.cores, most),
        host_cores={
            host: downsampled_timeline(states, most) for host, states in whole.host_cores.items()
        },
        interface_bits_per_second=downsampled_timeline(whole.interface_bits_per_second, most),
        round_trip_seconds=downsampled_timeline(whole.round_trip_seconds, most),
        connect_seconds=whole.connect_seconds,
        first_byte_seconds=whole.first_byte_seconds,
        incidents=whole.incidents,
        dialled=downsampled_timeline(whole.dialled, most),
        dial_wait_seconds=downsampled_timeline(whole.dial_wait_seconds, most),
    )


def _span(recording: Recording, scheduled: Sequence[Scheduled], sinks: SinkSeconds) -> Window:
    """Return from the first ramp to the last end, or to a cut-short run's last sample."""
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
    """Return the streams of each backend instance; it has none where a sink does not name it."""
    lines: Lines = {name: dict.fromkeys(sinks.payload_bytes, 0.0) for name in backends}
    for name, counts in sinks.backend_streams.items():
        lines.setdefault(name, {}).update(
            (second, float(count)) for second, count in counts.items()
        )
    return lines


def _round_trips(recording: Recording) -> Lines:
    lines: Lines = {}
    for samples in recording.pings.values():
        for sample in samples:
            for client, seconds in sample.round_trip_seconds.items():
                if seconds is not None:
                    lines.setdefault(client, {})[sample.second] = seconds
    return lines


def _dials(recording: Recording, span: Window, zero: int) -> dict[str, Timeline]:
    """Return what was dialled under load; without any, there are no lines."""
    seconds = over_time(recording.dials, since=float(span.begin), seconds=len(span.seconds))
    if not any(each.begun for each in seconds):
        return {}
    by_second = {span.begin + each.second: each for each in seconds}
    counts: Lines = {
        SERVED: {second: each.served for second, each in by_second.items()},
        FAILED: {second: each.failed for second, each in by_second.items()},
    }
    waits: Lines = {MEDIAN: {}, HIGHEST: {}}
    for second, each in by_second.items():
        if each.median_first_byte_seconds is not None:
            waits[MEDIAN][second] = each.median_first_byte_seconds
        if each.highest_first_byte_seconds is not None:
            waits[HIGHEST][second] = each.highest_first_byte_seconds
    return {
        "dialled": timeline(span, zero, counts),
        "dial_wait_seconds": timeline(span, zero, waits),
    }

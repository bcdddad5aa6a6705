"""Find backend instances that served, then delivered nothing although they had streams.

An instance that the experiment hung or ended is not reported while that lasts, and one whose host
was lost is not reported from then on. If something else of the rig was kept from answering as an
instance fell silent, that is named as the cause: its streams may have gone through there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.hosts.facts import on_host_text
from onionrig.analysis.limits.findings import LimitCheck, LimitFinding
from onionrig.analysis.load.faults import (
    Absence,
    absences,
    deeds_in_force,
    deeds_text,
    service_hosts,
)
from onionrig.analysis.wording import listing
from onionrig.records.events import Happened
from onionrig.records.findings import Evidence
from onionrig.records.streams.transfers import Ending
from onionrig.units import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.streams.transfers import Transfer

STALLED_SECONDS = 5
"""Seconds of continuous silence that make a stall. tor's flow control and schedulers pause for
fractions of a second."""
GIVEN_UP_WITHIN_SECONDS = 3
"""Time from the last silent second to the end of streams given up: sinks do that as a second
closes."""


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch in which a backend instance had streams and delivered nothing."""

    backend: str
    seconds: int
    """Silent seconds of the hold, not counting those before it."""
    streams: int
    """Highest number of streams that it had."""
    stalled: bool
    deeds: tuple[Happened, ...] = ()
    """Faults in force anywhere in the rig as it fell silent."""


def check_stalls(load: MeasuredLoad) -> LimitCheck:
    """Name the backend instance that was silent longest, if one stalled."""
    silences = _longest_silences(load)
    stalls = [silence for silence in silences if silence.stalled]
    evidence = tuple(
        Evidence(
            what=f"longest silence of {silence.backend} while it had streams",
            measured=float(silence.seconds),
            limit=float(STALLED_SECONDS),
            unit="seconds",
            at_limit=silence.stalled,
        )
        for silence in stalls or silences[:1]
    )
    if not stalls:
        return LimitCheck(evidence=evidence)
    names_with_streams = {
        name
        for name, by_second in load.sink_seconds.backend_streams.items()
        if any(count and second in load.hold.seconds for second, count in by_second.items())
    }
    return LimitCheck(evidence=evidence, finding=_finding(load, stalls, names_with_streams))


def _finding(
    load: MeasuredLoad, stalls: Sequence[Silence], names_with_streams: set[str]
) -> LimitFinding:
    """Name the instances that stalled by themselves, else the faults in force at the time."""
    unexplained_stalls = [silence for silence in stalls if not silence.deeds]
    if not unexplained_stalls:
        return _planned_fault_finding(load, stalls)
    return _stall_finding(load, unexplained_stalls, names_with_streams)


def _planned_fault_finding(load: MeasuredLoad, stalls: Sequence[Silence]) -> LimitFinding:
    """Name the faults, and the instances that were silent then."""
    deeds = {deed.wall_seconds: deed for silence in stalls for deed in silence.deeds}
    sorted_deeds = [deeds[second] for second in sorted(deeds)]
    longest_stall, other_names = stalls[0], [silence.backend for silence in stalls[1:]]
    return LimitFinding(
        kind="planned fault",
        subject=listing(list(dict.fromkeys(deed.subject for deed in sorted_deeds))),
        sentence=f"{deeds_text(load, sorted_deeds)}: meanwhile "
        f"{longest_stall.backend}{on_host_text(load.manifest, longest_stall.backend)} delivered "
        "nothing for "
        f"{longest_stall.seconds} s of the hold while it had "
        f"{counted(longest_stall.streams, 'stream')}"
        + (f"; so did {listing(other_names)}" if other_names else ""),
    )


def _stall_finding(
    load: MeasuredLoad, stalls: Sequence[Silence], names_with_streams: set[str]
) -> LimitFinding:
    """Name the instances that stalled, or a possible common cause if all of them did."""
    longest_stall, names = stalls[0], [silence.backend for silence in stalls]
    if len(names) > 1 and set(names) >= names_with_streams:
        return LimitFinding(
            kind="stalled backend",
            subject=None,
            sentence=f"all {len(names)} backend instances that had streams stalled, for up to "
            f"{longest_stall.seconds} s: the cause may be something that they share",
        )
    return LimitFinding(
        kind="stalled backend",
        subject=longest_stall.backend,
        sentence=f"{longest_stall.backend}"
        f"{on_host_text(load.manifest, longest_stall.backend)} stalled: it had served, then "
        "delivered nothing for "
        f"{longest_stall.seconds} s of the hold while it had "
        f"{counted(longest_stall.streams, 'stream')}"
        + (f"; so did {', '.join(names[1:])}" if names[1:] else ""),
    )


def _longest_silences(load: MeasuredLoad) -> list[Silence]:
    """Return the longest silence in the hold of each backend instance, the longest first."""
    sinks = load.sink_seconds
    seconds = [second for second in sinks.sampled if second < load.hold.end]
    given_up = _given_up(load.recording.transfers)
    absences_by_service = absences(load.recording.events, service_hosts(load.manifest))
    longest_silences: list[Silence] = []
    for backend, sizes in sinks.backend_bytes.items():
        streams = {
            second: count
            for second, count in sinks.backend_streams.get(backend, {}).items()
            if not _is_explained(absences_by_service.get(backend, ()), second)
        }
        silences = [
            _silence(load, backend, stretch, streams, given_up.get(backend, ()))
            for stretch in _silent_stretches(seconds, sizes, streams)
            if stretch[-1] >= load.hold.begin
        ]
        longest_silences += sorted(silences, key=_by_length)[:1]
    return sorted(longest_silences, key=_by_length)


def _is_explained(absences: Iterable[Absence], second: int) -> bool:
    """Return True if silence in a second was asked for, or is that of a lost host.

    Silence in the second afterwards counts too, until what waited has been sent again.
    """
    return any(absence.meets(second - 1, second + 1) for absence in absences)


def _by_length(silence: Silence) -> tuple[bool, int]:
    return (not silence.stalled, -silence.seconds)


def _silent_stretches(
    seconds: Iterable[int], sizes: Mapping[int, int], streams: Mapping[int, int]
) -> list[list[int]]:
    """Return the stretches of seconds without a byte, after the first byte, while streams were up.

    A second without a sample neither ends a stretch nor adds to it.
    """
    stretches, current_stretch, has_served = list[list[int]](), list[int](), False
    for second in seconds:
        has_served = has_served or sizes.get(second, 0) > 0
        if has_served and not sizes.get(second, 0) and streams.get(second, 0):
            current_stretch.append(second)
        elif current_stretch:
            stretches.append(current_stretch)
            current_stretch = []
    return [*stretches, current_stretch] if current_stretch else stretches


def _silence(
    load: MeasuredLoad,
    backend: str,
    stretch: Sequence[int],
    streams: Mapping[int, int],
    given_up: Iterable[float],
) -> Silence:
    hold_seconds = sum(second >= load.hold.begin for second in stretch)
    ends_with_giving_up = any(
        0 < second - stretch[-1] <= GIVEN_UP_WITHIN_SECONDS for second in given_up
    )
    is_stall = hold_seconds >= STALLED_SECONDS or (
        ends_with_giving_up and len(stretch) >= STALLED_SECONDS
    )
    return Silence(
        backend=backend,
        seconds=hold_seconds,
        streams=max(streams[second] for second in stretch),
        stalled=is_stall,
        deeds=tuple(deeds_in_force(load, stretch[0] - 1, stretch[0] + 1)) if is_stall else (),
    )


def _given_up(transfers: Iterable[Transfer]) -> dict[str, list[float]]:
    """Return when streams were given up as stalled, by the backend instance that served them."""
    given_up: dict[str, list[float]] = {}
    for transfer in transfers:
        if transfer.ending is Ending.STALLED and transfer.backend is not None:
            second = transfer.started_wall_seconds + transfer.ended_after_seconds
            given_up.setdefault(transfer.backend, []).append(second)
    return given_up

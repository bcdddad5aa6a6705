"""Evaluate short streams: in total, by second, and after a fault."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from typing import TYPE_CHECKING

from onionrig.analysis.backends.variants import between_variants, variants_with_dials
from onionrig.analysis.load.loads import events_of
from onionrig.records.events import Covered, Scheduled
from onionrig.records.streams.dials import Dials, DialSecond, FirstByte, Outage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from onionrig.records.recording import Recording
    from onionrig.records.streams.transfers import Transfer

LEAST_PATIENCE_SECONDS = 3.0
"""Shortest wait that counts as an outage when a dial is cut off, however fast the others were (a
judgement): new circuits take some tenths of a second, and a second or two on a busy machine."""


def dials(recording: Recording) -> Dials | None:
    """Return the figures of the dials before the load, or None if there are none."""
    dials_before = before_load(recording)
    if not dials_before:
        return None
    manifest = recording.manifest
    served_dials = [dial for dial in dials_before if served(dial)]
    counts = Counter(dial.backend for dial in served_dials)
    backends = {name: counts[name] for name in manifest.backends}
    variants = variants_with_dials(served_dials, events_of(recording.events, Covered), manifest)
    reasons = Counter(dial.reason for dial in dials_before if dial.failed)
    return Dials(
        dials=len(dials_before),
        failed=reasons.total(),
        unfinished=_unfinished(dials_before),
        failed_by_reason=dict(reasons.most_common()),
        first_byte=first_byte(_waits(served_dials)),
        backends=backends,
        unreached=tuple(name for name, count in backends.items() if not count),
        variants=variants,
        between=between_variants(variants),
    )


def before_load(recording: Recording) -> list[Transfer]:
    """Return the dials that began before any load was scheduled, while nothing else was carried."""
    scheduled = events_of(recording.events, Scheduled)
    return [
        dial
        for dial in recording.dials
        if not scheduled or dial.started_wall_seconds < scheduled[0].wall_seconds
    ]


def under_load(recording: Recording) -> list[Transfer]:
    """Return the dials that began once a load was scheduled: what new clients met under it."""
    scheduled = events_of(recording.events, Scheduled)
    return [
        dial
        for dial in recording.dials
        if scheduled and dial.started_wall_seconds >= scheduled[0].wall_seconds
    ]


def served(dial: Transfer) -> bool:
    """Return whether a backend instance named itself and sent payload.

    A dial that was under way when the dialling was ended has neither been served nor failed.
    """
    return not dial.failed and dial.backend is not None and dial.verified_bytes > 0


def dials_by_second(
    dials: Iterable[Transfer], *, since: float, seconds: int
) -> tuple[DialSecond, ...]:
    """Return dials by the second in which they began, for ``seconds`` seconds from a moment on."""
    dials_by_start: dict[int, list[Transfer]] = {second: [] for second in range(seconds)}
    for dial in dials:
        second = math.floor(dial.started_wall_seconds - since)
        if second in dials_by_start:
            dials_by_start[second].append(dial)
    return tuple(
        _dial_second(second, dials_begun) for second, dials_begun in dials_by_start.items()
    )


def _dial_second(second: int, dials: Sequence[Transfer]) -> DialSecond:
    waits = _waits(dials)
    return DialSecond(
        second=second,
        begun=len(dials),
        served=sum(served(dial) for dial in dials),
        failed=sum(dial.failed for dial in dials),
        still_waiting=_unfinished(dials),
        median_first_byte_seconds=statistics.median(waits) if waits else None,
        highest_first_byte_seconds=max(waits, default=None),
    )


def outage(dials: Iterable[Transfer], at: float, *, patience_seconds: float) -> Outage:
    """Return what a fault at this moment cost the dials that began after it.

    Dials have to go on beginning for long enough: an outage is only seen by dials that are made. A
    dial that was cut off at the end was hit if it had waited for longer than the patience.
    """
    later_dials = [dial for dial in dials if dial.started_wall_seconds >= at]
    dials_in_vain = [
        dial
        for dial in later_dials
        if dial.was_still_waiting and dial.ended_after_seconds > patience_seconds
    ]
    unserved_dials = [*(dial for dial in later_dials if dial.failed), *dials_in_vain]
    last_failing_at = max((dial.started_wall_seconds for dial in unserved_dials), default=None)
    dials_in_outage = [
        dial
        for dial in later_dials
        if last_failing_at is not None and dial.started_wall_seconds <= last_failing_at
    ]
    return Outage(
        begun=len(later_dials),
        failed=sum(dial.failed for dial in later_dials),
        unfinished=_unfinished(later_dials),
        last_failing_after_seconds=None if last_failing_at is None else last_failing_at - at,
        worst_first_byte_seconds=max(_waits(dials_in_outage), default=None),
        highest_first_byte_seconds=max(_waits(later_dials), default=None),
        waited_in_vain=len(dials_in_vain),
        longest_wait_in_vain_seconds=max(
            (dial.ended_after_seconds for dial in dials_in_vain), default=None
        ),
    )


def patience_seconds(dials: Iterable[Transfer], until: float) -> float:
    """Return the longest wait for a first byte that does not indicate an outage.

    It is the longest wait of any dial whose first byte came before this moment, up to which nothing
    had been done to the rig.
    """
    undisturbed_dials = [
        dial
        for dial in dials
        if dial.started_wall_seconds + (dial.first_byte_after_seconds or 0.0) < until
    ]
    return max([LEAST_PATIENCE_SECONDS, *_waits(undisturbed_dials)])


def first_byte(waits: Iterable[float]) -> FirstByte | None:
    """Return how long streams waited for their first byte, in seconds, or None if none got one.

    The 90th percentile is that of the nearest rank: the shortest wait within which at least 90 %
    had their first byte.
    """
    sorted_waits = sorted(waits)
    if not sorted_waits:
        return None
    return FirstByte(
        median_seconds=statistics.median(sorted_waits),
        nine_of_ten_seconds=sorted_waits[math.ceil(0.9 * len(sorted_waits)) - 1],
        highest_seconds=sorted_waits[-1],
    )


def _waits(dials: Iterable[Transfer]) -> list[float]:
    """Return the waits of the served dials for their first byte."""
    return [
        dial.first_byte_after_seconds
        for dial in dials
        if served(dial) and dial.first_byte_after_seconds is not None
    ]


def _unfinished(dials: Iterable[Transfer]) -> int:
    return sum(not dial.failed and not served(dial) for dial in dials)

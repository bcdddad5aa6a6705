"""Evaluate what followed each fault: goodput, new streams and descriptors."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from onionrig.analysis.backends.dials import outage, patience_seconds
from onionrig.analysis.load.faults import absences, affected_services, faults_in, service_hosts
from onionrig.analysis.load.follow_up import followed_up
from onionrig.analysis.load.loads import events_of
from onionrig.experiment.faults.registry import fault_recorded
from onionrig.records.aftermath import Aftermath
from onionrig.records.events import Happened
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.analysis.load.windows import Window

BEFORE_SECONDS = 5
IN_A_ROW_SECONDS = 3
RECOVERED = 0.9
"""Share of the goodput before the fault that counts as recovered."""
NEARLY_WHOLE_SECONDS = 0.1
"""Seconds before a fault within which a second may begin and still count as after it: what is due
at a full second is done some hundredths later."""


def aftermaths(load: MeasuredLoad) -> tuple[Aftermath, ...]:
    """Return what followed each fault in a hold."""
    events = faults_in(load.recording, load.hold)
    goodput = [size * BITS_PER_BYTE for size in load.held_bytes]
    before = _Undisturbed(load, goodput).before_each(events)
    return tuple(
        _aftermath(load, goodput, events, index, mean) for index, mean in enumerate(before)
    )


def undisturbed_before(load: MeasuredLoad, deed: Happened) -> float | None:
    """Return the last undisturbed goodput of the hold before a fault.

    None is returned if there is none, or if the fault belongs to an earlier hold.
    """
    faults = faults_in(load.recording, load.hold)
    goodput = [size * BITS_PER_BYTE for size in load.held_bytes]
    before = zip(faults, _Undisturbed(load, goodput).before_each(faults), strict=True)
    return next((mean for fault, mean in before if fault == deed), None)


def _aftermath(
    load: MeasuredLoad,
    goodput: Sequence[float],
    events: Sequence[Happened],
    index: int,
    before: float | None,
) -> Aftermath:
    """Return what followed one of the faults, until the next one or the end of the hold."""
    event, later = events[index], events[index + 1 :]
    at, end = event.wall_seconds, _next(later, load.hold)
    since = at - load.hold.begin
    hosts = service_hosts(load.manifest)
    dials = (dial for dial in load.recording.dials if dial.started_wall_seconds < end)
    first = math.ceil(since - NEARLY_WHOLE_SECONDS)
    after = goodput[first : int(end) - load.hold.begin]
    about_it = [other for other in later if _concerns(other, event, hosts)]
    follow_up = followed_up(load, event, until=_next(about_it, load.hold))
    return Aftermath(
        verb=event.verb,
        subject=event.subject,
        bits_per_second=event.bits_per_second,
        at_seconds=since,
        lasted_seconds=end - at,
        before_bits_per_second=before,
        lowest_bits_per_second=min(after, default=None),
        recovered_after_seconds=_recovered(after, before, from_seconds=first - since),
        listed_after_seconds=follow_up.listed_after_seconds,
        answered_after_seconds=follow_up.answered_after_seconds,
        published_after_seconds=follow_up.published_after_seconds,
        awaited=follow_up.awaited,
        awaited_for_seconds=follow_up.awaited_for_seconds,
        dials=outage(
            dials,
            at,
            patience_seconds=patience_seconds(load.recording.dials, events[0].wall_seconds),
        ),
    )


def _next(later: Sequence[Happened], hold: Window) -> float:
    return later[0].wall_seconds if later else float(hold.end)


def _concerns(other: Happened, event: Happened, hosts: Mapping[str, str]) -> bool:
    """Return True if another fault took away the same service or its host, or restored it."""
    fault = fault_recorded(other.verb)
    if not (fault.takes_away or fault.brings_back):
        return False
    same = not affected_services(other, hosts).isdisjoint(affected_services(event, hosts))
    return same or other.subject == event.subject


class _Undisturbed:
    """The goodput of a hold while no fault affected it."""

    def __init__(self, load: MeasuredLoad, goodput: Sequence[float]) -> None:
        events = load.recording.events
        self._begin = load.hold.begin
        self._goodput = goodput
        away = absences(events, service_hosts(load.manifest)).values()
        self._disturbed = [(absence.begin, absence.end) for several in away for absence in several]
        # no event reports that a link has its own rate again
        self._disturbed += [
            (event.wall_seconds, math.inf)
            for event in events_of(events, Happened)
            if event.bits_per_second is not None
        ]

    def before_each(self, faults: Iterable[Happened]) -> Iterator[float | None]:
        """Yield for each fault the mean of the last five undisturbed seconds."""
        last: float | None = None
        for fault in faults:
            mean = self._mean_before(int(fault.wall_seconds))
            if mean is not None and mean >= RECOVERED * (last or 0.0):
                last = mean
            yield last

    def _mean_before(self, second: int) -> float | None:
        """Return the mean of the five seconds before this one, if nothing had disturbed them."""
        first = second - BEFORE_SECONDS
        if first < self._begin or any(
            begin < second and first < end for begin, end in self._disturbed
        ):
            return None
        return statistics.fmean(self._goodput[first - self._begin : second - self._begin])


def _recovered(
    after: Sequence[float], before: float | None, *, from_seconds: float
) -> float | None:
    """Return the time until three consecutive seconds were as before.

    ``from_seconds`` lie between the fault and the first of these seconds: if that one is good
    already, goodput was never low.
    """
    if not before:
        return None
    good = [second >= RECOVERED * before for second in after]
    rows = range(len(good) - IN_A_ROW_SECONDS + 1)
    row = next((row for row in rows if all(good[row : row + IN_A_ROW_SECONDS])), None)
    if row is None:
        return None
    return row + from_seconds if row else 0.0

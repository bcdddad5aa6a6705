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
    rates_before = _Undisturbed(load, goodput).before_each(events)
    return tuple(
        _aftermath(load, goodput, events, index, rate_before)
        for index, rate_before in enumerate(rates_before)
    )


def undisturbed_before(load: MeasuredLoad, deed: Happened) -> float | None:
    """Return the last undisturbed goodput of the hold before a fault.

    None is returned if there is none, or if the fault belongs to an earlier hold.
    """
    faults = faults_in(load.recording, load.hold)
    goodput = [size * BITS_PER_BYTE for size in load.held_bytes]
    rates_before = zip(faults, _Undisturbed(load, goodput).before_each(faults), strict=True)
    return next((rate_before for fault, rate_before in rates_before if fault == deed), None)


def _aftermath(
    load: MeasuredLoad,
    goodput: Sequence[float],
    events: Sequence[Happened],
    index: int,
    rate_before: float | None,
) -> Aftermath:
    """Return what followed one of the faults, until the next one or the end of the hold."""
    event, later_faults = events[index], events[index + 1 :]
    fault_seconds, end_seconds = event.wall_seconds, _next_fault_seconds(later_faults, load.hold)
    since_hold_seconds = fault_seconds - load.hold.begin
    hosts = service_hosts(load.manifest)
    dials = (dial for dial in load.recording.dials if dial.started_wall_seconds < end_seconds)
    first_index = math.ceil(since_hold_seconds - NEARLY_WHOLE_SECONDS)
    rates_after = goodput[first_index : int(end_seconds) - load.hold.begin]
    related_faults = [fault for fault in later_faults if _is_about(fault, event, hosts)]
    follow_up = followed_up(load, event, until=_next_fault_seconds(related_faults, load.hold))
    return Aftermath(
        verb=event.verb,
        subject=event.subject,
        bits_per_second=event.bits_per_second,
        at_seconds=since_hold_seconds,
        lasted_seconds=end_seconds - fault_seconds,
        before_bits_per_second=rate_before,
        lowest_bits_per_second=min(rates_after, default=None),
        recovered_after_seconds=_recovered_after_seconds(
            rates_after, rate_before, from_seconds=first_index - since_hold_seconds
        ),
        listed_after_seconds=follow_up.listed_after_seconds,
        answered_after_seconds=follow_up.answered_after_seconds,
        published_after_seconds=follow_up.published_after_seconds,
        awaited=follow_up.awaited,
        awaited_for_seconds=follow_up.awaited_for_seconds,
        dials=outage(
            dials,
            fault_seconds,
            patience_seconds=patience_seconds(load.recording.dials, events[0].wall_seconds),
        ),
    )


def _next_fault_seconds(later_faults: Sequence[Happened], hold: Window) -> float:
    return later_faults[0].wall_seconds if later_faults else float(hold.end)


def _is_about(later_fault: Happened, event: Happened, hosts: Mapping[str, str]) -> bool:
    """Return True if another fault took away the same service or its host, or restored it."""
    fault = fault_recorded(later_fault.verb)
    if not (fault.takes_away or fault.brings_back):
        return False
    shares_services = not affected_services(later_fault, hosts).isdisjoint(
        affected_services(event, hosts)
    )
    return shares_services or later_fault.subject == event.subject


class _Undisturbed:
    """The goodput of a hold while no fault affected it."""

    def __init__(self, load: MeasuredLoad, goodput: Sequence[float]) -> None:
        events = load.recording.events
        self._begin = load.hold.begin
        self._goodput = goodput
        absences_by_service = absences(events, service_hosts(load.manifest)).values()
        self._disturbed = [
            (absence.begin, absence.end)
            for service_absences in absences_by_service
            for absence in service_absences
        ]
        # no event reports that a link has its own rate again
        self._disturbed += [
            (event.wall_seconds, math.inf)
            for event in events_of(events, Happened)
            if event.bits_per_second is not None
        ]

    def before_each(self, faults: Iterable[Happened]) -> Iterator[float | None]:
        """Yield for each fault the mean of the last five undisturbed seconds."""
        last_mean: float | None = None
        for fault in faults:
            mean = self._mean_before(int(fault.wall_seconds))
            if mean is not None and mean >= RECOVERED * (last_mean or 0.0):
                last_mean = mean
            yield last_mean

    def _mean_before(self, second: int) -> float | None:
        """Return the mean of the five seconds before this one, if nothing had disturbed them."""
        first_second = second - BEFORE_SECONDS
        if first_second < self._begin or any(
            begin < second and first_second < end for begin, end in self._disturbed
        ):
            return None
        return statistics.fmean(self._goodput[first_second - self._begin : second - self._begin])


def _recovered_after_seconds(
    rates_after: Sequence[float], rate_before: float | None, *, from_seconds: float
) -> float | None:
    """Return the time until three consecutive seconds were as before.

    ``from_seconds`` lie between the fault and the first of these seconds: if that one is good
    already, goodput was never low.
    """
    if not rate_before:
        return None
    is_recovered = [rate >= RECOVERED * rate_before for rate in rates_after]
    begins = range(len(is_recovered) - IN_A_ROW_SECONDS + 1)
    begin = next(
        (begin for begin in begins if all(is_recovered[begin : begin + IN_A_ROW_SECONDS])), None
    )
    if begin is None:
        return None
    return begin + from_seconds if begin else 0.0

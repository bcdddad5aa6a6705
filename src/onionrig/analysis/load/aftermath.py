"""What came after each thing that was done to the rig: to goodput, new streams, descriptors."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from onionrig.analysis.backends.dials import outage
from onionrig.analysis.load.faults import happened_in, service_hosts, subjects
from onionrig.analysis.load.loads import events_of
from onionrig.experiment.happenings import LEAVING, RETURNING
from onionrig.records.aftermath import Aftermath
from onionrig.records.events import Listed
from onionrig.units import BITS_PER_BYTE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onionrig.analysis.load.loads import Load
    from onionrig.analysis.load.windows import Window
    from onionrig.records.events import Happened

BEFORE_SECONDS = 5
IN_A_ROW_SECONDS = 3
RECOVERED = 0.9
NEARLY_WHOLE_SECONDS = 0.1
"""A second that began no earlier before an incident is taken as one after it: what is done at a
full second is done some hundredths later."""


def aftermaths(load: Load) -> tuple[Aftermath, ...]:
    """Return what came after each thing that was done in a hold."""
    happened = happened_in(load.recording, load.hold)
    goodput = [size * BITS_PER_BYTE for size in load.held_bytes]
    return tuple(_aftermath(load, goodput, happened, index) for index in range(len(happened)))


def _aftermath(
    load: Load, goodput: Sequence[float], happened: Sequence[Happened], index: int
) -> Aftermath:
    """Return what came after one of the things that happened, until the next or the hold's end."""
    event, later = happened[index], happened[index + 1 :]
    at, end = event.wall_seconds, _next(later, load.hold)
    since = at - load.hold.begin
    hosts = service_hosts(load.manifest)
    dials = (dial for dial in load.recording.dials if dial.started_wall_seconds < end)
    undone = _undone(event, happened[:index], hosts)
    before = _before(goodput, int(undone.wall_seconds) - load.hold.begin)
    first = math.ceil(since - NEARLY_WHOLE_SECONDS)
    after = goodput[first : int(end) - load.hold.begin]
    about_it = [other for other in later if _concerns(other, event, hosts)]
    return Aftermath(
        verb=event.verb,
        subject=event.subject,
        bits_per_second=event.bits_per_second,
        at_seconds=since,
        lasted_seconds=end - at,
        before_bits_per_second=before,
        lowest_bits_per_second=min(after, default=None),
        recovered_after_seconds=_recovered(after, before, from_seconds=first - since),
        listed_after_seconds=_listed(
            events_of(load.recording.events, Listed),
            event,
            subjects(event, hosts),
            _next(about_it, load.hold),
        ),
        dials=outage(dials, at),
    )


def _next(later: Sequence[Happened], hold: Window) -> float:
    return later[0].wall_seconds if later else float(hold.end)


def _concerns(other: Happened, event: Happened, hosts: Mapping[str, str]) -> bool:
    """Return whether something took the same service away or brought it back, or with its host."""
    if other.verb not in LEAVING | RETURNING:
        return False
    same = not subjects(other, hosts).isdisjoint(subjects(event, hosts))
    return same or other.subject == event.subject


def _undone(event: Happened, earlier: Sequence[Happened], hosts: Mapping[str, str]) -> Happened:
    """Return the incident that this one undoes, or else itself."""
    began: Happened | None = None
    for other in earlier:
        if _concerns(other, event, hosts):
            began = (began or other) if other.verb in LEAVING else None
    return began if event.verb in RETURNING and began is not None else event


def _before(goodput: Sequence[float], second: int) -> float | None:
    """Return the mean of the seconds before this one of the hold, if there are enough."""
    if second < BEFORE_SECONDS:
        return None
    return statistics.fmean(goodput[second - BEFORE_SECONDS : second])


def _recovered(
    after: Sequence[float], before: float | None, *, from_seconds: float
) -> float | None:
    """Return how long it took until so many seconds in a row were as before.

    ``from_seconds`` lie between the incident and the first second that is looked at: if that is
    good already, it was never low.
    """
    if not before:
        return None
    good = [second >= RECOVERED * before for second in after]
    rows = range(len(good) - IN_A_ROW_SECONDS + 1)
    row = next((row for row in rows if all(good[row : row + IN_A_ROW_SECONDS])), None)
    if row is None:
        return None
    return row + from_seconds if row else 0.0


def _are_in(listed: Listed, instances: set[str]) -> bool:
    """Return whether any of these instances stands in a descriptor."""
    return not instances.isdisjoint(listed.instances)


def _listed(
    listed: Sequence[Listed], event: Happened, instances: set[str], end: float
) -> float | None:
    """Return how long it took until the descriptors' instances were as the incident has them."""
    if event.verb not in LEAVING | RETURNING:
        return None
    leaving = event.verb in LEAVING
    before = [each for each in listed if each.wall_seconds < event.wall_seconds]
    if not before or _are_in(before[-1], instances) != leaving:
        return None
    return next(
        (
            each.wall_seconds - event.wall_seconds
            for each in listed
            if event.wall_seconds <= each.wall_seconds < end and _are_in(each, instances) != leaving
        ),
        None,
    )

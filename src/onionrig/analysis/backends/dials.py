"""What short streams showed: in all, over time, and after an incident."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from typing import TYPE_CHECKING

from onionrig.analysis.backends.variants import between, by_variant
from onionrig.analysis.load.loads import events_of
from onionrig.records.dials import Dials, DialSecond, FirstByte, Outage
from onionrig.records.events import Covered, Scheduled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onionrig.records.recording import Recording
    from onionrig.records.transfers import Transfer


def dials(recording: Recording) -> Dials | None:
    """Return what the dials before the load came to; None where there are none."""
    made = before_load(recording)
    if not made:
        return None
    manifest = recording.manifest
    done = [dial for dial in made if served(dial)]
    counts = Counter(dial.backend for dial in done)
    backends = {name: counts[name] for name in manifest.backends}
    variants = by_variant(done, events_of(recording.events, Covered), manifest)
    reasons = Counter(dial.reason for dial in made if dial.failed)
    return Dials(
        dials=len(made),
        failed=reasons.total(),
        unfinished=_unfinished(made),
        failed_by_reason=dict(reasons.most_common()),
        first_byte=first_byte(_waits(done)),
        backends=backends,
        unreached=tuple(name for name, count in backends.items() if not count),
        variants=variants,
        between=between(variants),
    )


def before_load(recording: Recording) -> list[Transfer]:
    """Return the dials that began before a load was scheduled: nothing else was carried then."""
    scheduled = events_of(recording.events, Scheduled)
    return [
        dial
        for dial in recording.dials
        if not scheduled or dial.started_wall_seconds < scheduled[0].wall_seconds
    ]


def served(dial: Transfer) -> bool:
    """Return whether a backend instance named itself and sent payload; if not, it may have failed.

    A dial that was under way when the dialling was ended has neither been served nor failed.
    """
    return not dial.failed and dial.backend is not None and dial.verified_bytes > 0


def over_time(made: Iterable[Transfer], *, since: float, seconds: int) -> tuple[DialSecond, ...]:
    """Return the dials second by second, by when they began: so many seconds from a moment on."""
    began: dict[int, list[Transfer]] = {second: [] for second in range(seconds)}
    for dial in made:
        second = math.floor(dial.started_wall_seconds - since)
        if second in began:
            began[second].append(dial)
    return tuple(
        DialSecond(
            second=second,
            begun=len(several),
            served=sum(served(dial) for dial in several),
            failed=sum(dial.failed for dial in several),
            median_first_byte_seconds=statistics.median(waits)
            if (waits := _waits(several))
            else None,
            highest_first_byte_seconds=max(waits, default=None),
        )
        for second, several in began.items()
    )


def outage(made: Iterable[Transfer], at: float) -> Outage:
    """Return what an incident at this moment cost the dials that began after it.

    Dials have to go on beginning for long enough: those that none made are not missed.
    """
    after = [dial for dial in made if dial.started_wall_seconds >= at]
    last = max((dial.started_wall_seconds for dial in after if dial.failed), default=None)
    meanwhile = [dial for dial in after if last is not None and dial.started_wall_seconds <= last]
    return Outage(
        begun=len(after),
        failed=sum(dial.failed for dial in after),
        unfinished=_unfinished(after),
        last_failing_after_seconds=None if last is None else last - at,
        worst_first_byte_seconds=max(_waits(meanwhile), default=None),
        highest_first_byte_seconds=max(_waits(after), default=None),
    )


def first_byte(waits: Iterable[float]) -> FirstByte | None:
    """Return how long streams waited for their first byte, in seconds; None where none got one.

    The ninetieth percentile is that of the nearest rank: the shortest wait within which at least
    nine of ten had their first byte.
    """
    ranked = sorted(waits)
    if not ranked:
        return None
    return FirstByte(
        median_seconds=statistics.median(ranked),
        nine_of_ten_seconds=ranked[math.ceil(0.9 * len(ranked)) - 1],
        highest_seconds=ranked[-1],
    )


def _waits(several: Iterable[Transfer]) -> list[float]:
    """Return how long the served ones waited for their first byte."""
    return [
        dial.first_byte_after_seconds
        for dial in several
        if served(dial) and dial.first_byte_after_seconds is not None
    ]


def _unfinished(made: Iterable[Transfer]) -> int:
    return sum(not dial.failed and not served(dial) for dial in made)

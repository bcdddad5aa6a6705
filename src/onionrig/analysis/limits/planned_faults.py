"""Check whether the experiment itself took the goodput that the sustained rate lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.limits.findings import LimitCheck, LimitFinding
from onionrig.analysis.load.aftermath import undisturbed_before
from onionrig.analysis.load.faults import deeds_in_force, deeds_text
from onionrig.analysis.load.windows import lowest_mean
from onionrig.analysis.wording import listing
from onionrig.records.findings import Evidence
from onionrig.records.result import WINDOW_SECONDS
from onionrig.units import rate_text

if TYPE_CHECKING:
    from onionrig.analysis.load.loads import MeasuredLoad
    from onionrig.records.events import Happened

TAKEN = 0.75
"""Share of the undisturbed goodput below which something was taken (a judgement): ten seconds of a
full machine vary by a tenth and more by themselves."""


def check_planned_faults(load: MeasuredLoad) -> LimitCheck:
    """Compare the lowest ten seconds with the goodput before the faults that were in force then."""
    lowest, deeds = lowest_mean(load.held_bytes), _deeds(load)
    rate_before = undisturbed_before(load, deeds[0]) if deeds else None
    if lowest is None or rate_before is None:
        return LimitCheck()
    has_fallen = lowest.bits_per_second < TAKEN * rate_before
    evidence = Evidence(
        what="lowest ten seconds, without what the experiment had taken away",
        measured=lowest.bits_per_second,
        limit=rate_before,
        unit="bits per second",
        at_limit=has_fallen,
    )
    if not has_fallen:
        return LimitCheck(evidence=(evidence,))
    return LimitCheck(
        evidence=(evidence,),
        finding=LimitFinding(
            kind="planned fault",
            subject=listing(list(dict.fromkeys(deed.subject for deed in deeds))),
            sentence=f"{deeds_text(load, deeds)}: goodput fell to "
            f"{rate_text(lowest.bits_per_second)} in the lowest ten seconds, from "
            f"{rate_text(rate_before)} before",
        ),
    )


def unjudged_deeds_text(load: MeasuredLoad) -> str | None:
    """Describe faults in force in the lowest ten seconds that cannot be judged, or return None.

    They cannot be judged if they were done in the first seconds of the hold, since there is nothing
    to compare with.
    """
    deeds = _deeds(load)
    if not deeds or undisturbed_before(load, deeds[0]) is not None:
        return None
    return deeds_text(load, deeds)


def _deeds(load: MeasuredLoad) -> list[Happened]:
    """Return the faults in force in the lowest ten seconds of the hold."""
    lowest = lowest_mean(load.held_bytes)
    if lowest is None:
        return []
    begin = load.hold.begin + lowest.begins_after_seconds
    return deeds_in_force(load, begin, begin + WINDOW_SECONDS)

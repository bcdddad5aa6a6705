"""Check whether a host was lost: what it served, relayed or pulled is missing afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.limits.findings import LimitCheck, LimitFinding
from onionrig.analysis.load.lost_hosts import loss_moment, loss_text, lost_hosts
from onionrig.analysis.wording import listing
from onionrig.records.findings import Evidence

if TYPE_CHECKING:
    from onionrig.analysis.load.loads import MeasuredLoad


def check_lost_hosts(load: MeasuredLoad) -> LimitCheck:
    """Name the hosts that were lost; the evidence is how long each was there in the hold."""
    lost = lost_hosts(load)
    if not lost:
        return LimitCheck()
    length = float(len(load.hold.seconds))
    first, *others = lost
    more = [f"{other.name} {loss_moment(other)}" for other in others]
    sentence = loss_text(first) + (f"; so was {listing(more)}" if more else "")
    return LimitCheck(
        evidence=tuple(
            Evidence(
                what=f"seconds of the hold before {host.name} was lost",
                measured=min(max(0.0, host.second), length),
                limit=length,
                unit="seconds",
                at_limit=True,
            )
            for host in lost
        ),
        finding=LimitFinding(
            kind="lost host",
            subject=listing([host.name for host in lost]),
            sentence=f"{sentence}; {'their' if more else 'its'} work is missing from then on",
        ),
    )

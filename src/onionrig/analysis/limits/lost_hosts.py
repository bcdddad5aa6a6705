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
    hosts = lost_hosts(load)
    if not hosts:
        return LimitCheck()
    hold_seconds = float(len(load.hold.seconds))
    first_host, *other_hosts = hosts
    other_texts = [f"{host.name} {loss_moment(host)}" for host in other_hosts]
    sentence = loss_text(first_host) + (f"; so was {listing(other_texts)}" if other_texts else "")
    return LimitCheck(
        evidence=tuple(
            Evidence(
                what=f"seconds of the hold before {host.name} was lost",
                measured=min(max(0.0, host.second), hold_seconds),
                limit=hold_seconds,
                unit="seconds",
                at_limit=True,
            )
            for host in hosts
        ),
        finding=LimitFinding(
            kind="lost host",
            subject=listing([host.name for host in hosts]),
            sentence=f"{sentence}; {'their' if other_texts else 'its'} work is missing from then "
            "on",
        ),
    )

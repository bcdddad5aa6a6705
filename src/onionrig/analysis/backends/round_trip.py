"""Compute how long a byte takes to the backend and back.

Pings have circuits of their own that carry nothing else. They wait where other cells wait, in
relays and on shared connections, but never behind a load stream's own cells. So they show the delay
of the path, which is what a window is divided by.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from onionrig.records.findings import RoundTrip

if TYPE_CHECKING:
    from onionrig.analysis.load.loads import MeasuredLoad


def round_trip(load: MeasuredLoad) -> RoundTrip:
    """Return the round trips of all clients: the overall minimum, and those of the hold."""
    answered_pings = [
        (sample.second, seconds)
        for samples in load.recording.pings.values()
        for sample in samples
        for seconds in sample.round_trip_seconds.values()
        if seconds is not None
    ]
    hold_round_trips = [
        seconds for second, seconds in answered_pings if second in load.hold.seconds
    ]
    return RoundTrip(
        lowest_seconds=min((seconds for _, seconds in answered_pings), default=None),
        median_in_hold_seconds=statistics.median(hold_round_trips) if hold_round_trips else None,
        highest_in_hold_seconds=max(hold_round_trips, default=None),
    )


def path_seconds(measured_round_trip: RoundTrip) -> float | None:
    """Return the round trip that bounds a stream: the median of the hold.

    The path is slower under load, so an idle round trip overstates what windows allow. It is used,
    and gives an upper bound of the rate, only if no ping was answered in the hold.
    """
    if measured_round_trip.median_in_hold_seconds is not None:
        return measured_round_trip.median_in_hold_seconds
    return measured_round_trip.lowest_seconds

"""Compute when to start stock Onionbalance so that it publishes with the very next consensus.

It fetches its instances' descriptors when it starts, 5 s after it told tor NEWNYM (onionbalance
0.2.4: common/instance.py), and publishes next when its tor receives a consensus
(hs_v3/onionbalance.py, handle_new_status_event). On a testnet it treats an instance as dead once
its descriptor was received 20 s ago (hs_v3/params.py). Started too early, it thus lets a consensus
go by with nothing to publish; started too late, it misses one: 20 s either way.
"""

from __future__ import annotations

import math

from onionrig.rig.torrc import (
    DISTRIBUTION_DELAY_SECONDS,
    VOTE_DELAY_SECONDS,
    VOTING_INTERVAL_SECONDS,
)

VOTING_SECONDS = VOTE_DELAY_SECONDS + DISTRIBUTION_DELAY_SECONDS
FETCHED_AFTER_SECONDS = 6.0
"""Time between Onionbalance's start and its instances' descriptors: a second to start, 5 s of its
own."""
TOO_OLD_SECONDS = 20.0
LATEST_ARRIVAL_SECONDS = 14.0
"""Longest time between a consensus becoming valid and its arrival: a second, up to half an interval
at random (tor: src/feature/nodelist/networkstatus.c, FetchDirInfoExtraEarly), and the granularity
of tor's timers; 12.7 s was seen."""


def next_consensus_seconds(valid_after_seconds: float) -> float:
    """Return when the consensus after the first, voted on in regular rounds, becomes valid."""
    voted = valid_after_seconds + VOTING_SECONDS
    return math.ceil(voted / VOTING_INTERVAL_SECONDS) * VOTING_INTERVAL_SECONDS


def seconds_until_balancer(now_seconds: float, *, next_consensus_seconds: float) -> float:
    """Return how long to wait before Onionbalance is started."""
    earliest = LATEST_ARRIVAL_SECONDS - TOO_OLD_SECONDS - FETCHED_AFTER_SECONDS + 1
    latest = -FETCHED_AFTER_SECONDS
    consensus = next_consensus_seconds
    while now_seconds > consensus + latest:
        consensus += VOTING_INTERVAL_SECONDS
    return max(0.0, consensus + earliest - now_seconds)

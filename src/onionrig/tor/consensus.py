"""Read a tor's consensus over its control port, and time a start for the first vote."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import msgspec

from onionrig.rig.torrc import (
    INITIAL_DISTRIBUTION_DELAY_SECONDS,
    INITIAL_VOTE_DELAY_SECONDS,
    INITIAL_VOTING_INTERVAL_SECONDS,
)

VOTE_BEFORE_CONSENSUS_SECONDS = INITIAL_VOTE_DELAY_SECONDS + INITIAL_DISTRIBUTION_DELAY_SECONDS
CONSENSUS = "dir/status-vote/current/consensus-microdesc"
"""Key that asks a control port for the consensus (torspec: control-spec, GETINFO)."""

if TYPE_CHECKING:
    from onionrig.tor.control import Control


class Consensus(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a consensus that a run needs."""

    relays: frozenset[str]
    """Nicknames of the relays it lists, including authorities."""
    parameters: dict[str, int]
    valid_after_seconds: float
    """Start of its validity, in seconds since the epoch."""


async def fetch_consensus(tor: Control) -> Consensus | None:
    """Return the consensus that a tor has, or None if it has none yet.

    Raises one of ``tor.control.GONE`` if the tor is gone.
    """
    text = await tor.info(CONSENSUS)
    return consensus_from(text) if text else None


def consensus_from(text: str) -> Consensus:
    """Read a consensus document (torspec: dir-spec; "valid-after", "params" and "r" lines)."""
    relays, parameters, valid_after_seconds = set(), {}, 0.0
    for line in text.splitlines():
        keyword, _, rest = line.partition(" ")
        if keyword == "r":
            relays.add(rest.split(" ", 1)[0])
        elif keyword == "params":
            pairs = (pair.partition("=") for pair in rest.split())
            parameters = {name: int(value) for name, _, value in pairs}
        elif keyword == "valid-after":
            moment = datetime.datetime.fromisoformat(rest).replace(tzinfo=datetime.UTC)
            valid_after_seconds = moment.timestamp()
    return Consensus(
        relays=frozenset(relays), parameters=parameters, valid_after_seconds=valid_after_seconds
    )


def seconds_until_start(wall_seconds: float, *, lead_seconds: float) -> float:
    """Return how long to wait so that daemons start ``lead_seconds`` before a first vote.

    Authorities vote at 4 s before each multiple of the initial interval. Relays that are up by then
    are in the first consensus; one that is late waits for the next round, 20 s away.
    """
    start_seconds = -VOTE_BEFORE_CONSENSUS_SECONDS - lead_seconds
    return (start_seconds - wall_seconds) % INITIAL_VOTING_INTERVAL_SECONDS

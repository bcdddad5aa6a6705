"""Bring up the network: from nothing to a consensus that lists every relay and bootstrapped tors.

The order and its timing make it quick: authorities and relays start just before a vote so that the
first consensus lists them all (a late relay costs a round of 20 s), relays are told to look again
as soon as it is there, and only then clients and backends start.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from onionrig.engine.base import Signal
from onionrig.errors import BringUpTimeout
from onionrig.processes.deadline import POLL_SECONDS, deadline
from onionrig.records.events import Reached
from onionrig.rig.model import Role
from onionrig.rig.torrc import nickname
from onionrig.tor.consensus import Consensus, fetch_consensus, seconds_until_start
from onionrig.tor.control import GONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.engine.base import Engine
    from onionrig.rig.model import Rig, Service
    from onionrig.run.journal import Journal
    from onionrig.tor.control import Control

CONSENSUS_SECONDS = 75.0
"""Deadline of a consensus: a first one takes 5 s, and missing relays are in after at most three
rounds."""
BOOTSTRAP_SECONDS = 90.0
LISTENING_SECONDS = 15.0


async def bring_up_network(engine: Engine, rig: Rig, journal: Journal) -> Consensus:
    """Start everything but balancer and sink; return the consensus once every tor is up.

    Raises BringUpTimeout, naming the daemon that is late and its log.
    """
    await start_movers(engine, rig, journal)
    relays = rig.with_role(Role.AUTHORITY, Role.RELAY)
    lead_seconds = _lead_seconds(len(relays))
    wait_seconds = seconds_until_start(time.time(), lead_seconds=lead_seconds)
    journal.waiting(f"the moment to start, {lead_seconds:.1f} s before a first vote")
    await asyncio.sleep(wait_seconds)
    await engine.start(relays)
    consensus = await _consensus(engine, rig, relays, journal)
    for relay in relays:
        await engine.signal(relay, Signal.RELOAD)
    # If asked too early, a cache has nothing to give, and a client asks again only after 8 s. We do
    # not wait for a relay's own 100 %: it means a circuit of its own, which serves nobody, and in a
    # network of few relays can take it a minute; the circuits of the others show that it relays.
    await engine.ready(relays, seconds=BOOTSTRAP_SECONDS, tell=journal.waiting)
    network_services = rig.on_the_network()
    await engine.start(network_services)
    await engine.ready(network_services, seconds=BOOTSTRAP_SECONDS, tell=journal.waiting)
    journal.reached(Reached.NETWORK)
    return consensus


async def start_movers(engine: Engine, rig: Rig, journal: Journal) -> None:
    """Start the processes that serve bytes and sample, and wait until others can connect."""
    movers = rig.with_role(Role.SOURCE, Role.SAMPLER)
    await engine.start(movers)
    await engine.ready(movers, seconds=LISTENING_SECONDS, tell=journal.waiting)


def _lead_seconds(daemons: int) -> float:
    """Return how long before a vote to start the daemons, which share the machine's cores."""
    return min(4.5, 2.0 + 0.06 * daemons)


async def _consensus(
    engine: Engine, rig: Rig, relays: Sequence[Service], journal: Journal
) -> Consensus:
    """Wait for a consensus that lists every relay. Raises BringUpTimeout naming one it lacks."""
    listed_relays = _ListedRelays(relays)
    try:
        async with deadline(CONSENSUS_SECONDS, listed_relays.missing_text):
            while True:
                # it may not listen yet; should it have died, that is reported by itself
                with suppress(*GONE):
                    async with engine.control(rig.with_role(Role.AUTHORITY)[0]) as tor:
                        return await _complete(tor, listed_relays, journal)
                await asyncio.sleep(POLL_SECONDS)
    except BringUpTimeout as error:
        if not listed_relays.unlisted:
            raise
        late_relay = listed_relays.unlisted[0]
        line = await engine.last_line(late_relay)
        raise BringUpTimeout(
            f"{error}, its last line: {line}; its log: {engine.log(late_relay)}"
        ) from error


async def _complete(tor: Control, listed_relays: _ListedRelays, journal: Journal) -> Consensus:
    while True:
        consensus = await fetch_consensus(tor)
        if consensus is not None and listed_relays.take(consensus):
            return consensus
        journal.waiting(listed_relays.waiting_text())
        await asyncio.sleep(POLL_SECONDS)


class _ListedRelays:
    """The relays that the latest consensus lists."""

    def __init__(self, relays: Sequence[Service]) -> None:
        self._relays_by_nickname = {nickname(relay.name): relay for relay in relays}
        self._listed_nicknames: frozenset[str] = frozenset()

    def take(self, consensus: Consensus) -> bool:
        """Take in a consensus; return whether it lists every relay."""
        self._listed_nicknames = consensus.relays
        return self._relays_by_nickname.keys() <= self._listed_nicknames

    @property
    def unlisted(self) -> list[Service]:
        """The relays that are not listed."""
        return [
            relay
            for name, relay in self._relays_by_nickname.items()
            if name not in self._listed_nicknames
        ]

    def missing_text(self) -> str:
        """Return a text about what is missing."""
        if not self.unlisted:
            return "nothing"
        return (
            f"a consensus that lists {len(self._relays_by_nickname)} relays; it lists "
            f"{len(self._listed_nicknames)}, {self.unlisted[0].name} is missing"
        )

    def waiting_text(self) -> str:
        """Return a text about what is awaited."""
        listed_count = len(self._listed_nicknames)
        return f"a consensus of {len(self._relays_by_nickname)} relays" + (
            f"; the last one lists {listed_count}, the next is 20 s away" if listed_count else ""
        )

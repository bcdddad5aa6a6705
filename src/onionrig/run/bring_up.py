"""Bring up the network: from nothing to a consensus that lists every relay and bootstrapped tors.

The order and its timing are what makes it quick: authorities and relays start just before a vote
so that the first consensus lists them all (a late relay costs a round of 20 s), relays are told to
look again as soon as it is there, and only then clients and backends start.
"""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from onionrig.processes.deadline import POLL_SECONDS, deadline
from onionrig.records.events import Reached
from onionrig.rig.model import Role
from onionrig.tor.bootstrap import KNOWS_THE_NETWORK, last_line
from onionrig.tor.consensus import Consensus, fetch_consensus, seconds_until_start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.engine.local.engine import LocalEngine
    from onionrig.rig.allocation import Allocation
    from onionrig.rig.model import Service
    from onionrig.run.journal import Journal

CONSENSUS_SECONDS = 75.0
"""A first consensus takes 5 s; one that missed relays is made good after at most three rounds."""
BOOTSTRAP_SECONDS = 90.0


async def bring_up_network(
    engine: LocalEngine, allocation: Allocation, journal: Journal
) -> Consensus:
    """Start everything but balancer and sink; return the consensus once every tor is up.

    Raises BringUpTimeout, naming the daemon that is late and where its log is.
    """
    rig = engine.rig
    await start_movers(engine)
    relays = rig.with_role(Role.AUTHORITY, Role.RELAY)
    lead_seconds = _lead_seconds(len(relays))
    wait = seconds_until_start(time.time(), lead_seconds=lead_seconds)
    journal.waiting(f"the moment to start, {lead_seconds:.1f} s before a first vote")
    await asyncio.sleep(wait)
    engine.start(relays)
    consensus = await _consensus(engine, relays, allocation, journal)
    for relay in relays:
        engine.fleet.signal(relay, signal.SIGHUP)
    # Asked too early a cache has nothing to give, and a client asks again only after 8 s. That a
    # relay has 100 % is not waited for: it means a circuit of its own, which serves nobody, and in
    # a network of few relays can take it a minute; those of the others show that it relays.
    await engine.bootstrapped(
        relays, percent=KNOWS_THE_NETWORK, seconds=BOOTSTRAP_SECONDS, tell=journal.waiting
    )
    others = rig.with_role(Role.BACKEND, Role.CLIENT, Role.BALANCER_TOR)
    engine.start(others)
    await engine.bootstrapped(others, seconds=BOOTSTRAP_SECONDS, tell=journal.waiting)
    journal.reached(Reached.NETWORK)
    return consensus


async def start_movers(engine: LocalEngine) -> None:
    """Start what serves bytes and what samples; the source must be there before its tors are."""
    sources = engine.rig.with_role(Role.SOURCE)
    engine.start([*sources, *engine.rig.with_role(Role.SAMPLER)])
    for source in sources:
        await engine.listening(source)


def _lead_seconds(daemons: int) -> float:
    """Return how long before a vote to start so many daemons; they share the machine's cores."""
    return min(4.5, 2.0 + 0.06 * daemons)


async def _consensus(
    engine: LocalEngine,
    relays: Sequence[Service],
    allocation: Allocation,
    journal: Journal,
) -> Consensus:
    expected = {service.name.replace("-", ""): service for service in relays}
    authority = next(service for service in relays if service.role is Role.AUTHORITY)
    address = allocation.host_of(authority.name).address
    dir_port = allocation.port(authority.name, "dir")
    listed: frozenset[str] = frozenset()

    def missing() -> str:
        late = [service for nickname, service in expected.items() if nickname not in listed]
        if not late:
            return "nothing"
        said = f"its last line: {last_line(Path(late[0].log_path))}; its log: {late[0].log_path}"
        return (
            f"a consensus that lists {len(expected)} relays; it lists {len(listed)}, "
            f"{late[0].name} is missing, {said}"
        )

    async with deadline(CONSENSUS_SECONDS, missing):
        while True:
            consensus = await asyncio.to_thread(
                engine.inside, authority.host, lambda: fetch_consensus(address, dir_port)
            )
            listed = consensus.relays if consensus else frozenset()
            if consensus and expected.keys() <= listed:
                return consensus
            journal.waiting(
                f"a consensus of {len(expected)} relays"
                + (f"; the last one lists {len(listed)}, the next is 20 s away" if listed else "")
            )
            await asyncio.sleep(POLL_SECONDS)

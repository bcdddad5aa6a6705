"""Bring up the frontend: publish the one address, and make every client tor fetch it.

Evidence, in order: every backend instance has made its own descriptor; HSDirs acknowledge the
frontend's; client tors fetch it with the expected introduction points.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from onionrig.balancer.timing import next_consensus_seconds, seconds_until_balancer
from onionrig.errors import BringUpTimeout
from onionrig.processes.deadline import POLL_SECONDS, deadline
from onionrig.records.events import Reached
from onionrig.rig.model import Role
from onionrig.run.descriptors import Descriptors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from onionrig.engine.base import Engine
    from onionrig.rig.model import Rig
    from onionrig.run.journal import Journal
    from onionrig.tor.consensus import Consensus

INSTANCES_SECONDS = 60.0
PUBLISHED_SECONDS = 150.0
"""Deadline of a publication: after a mistimed start, stock Onionbalance's own waits add up to 95 s
at worst (onionbalance 0.2.4: common/scheduler.py, hs_v3/params.py)."""
COMPLETE_SECONDS = 40.0
"""Deadline of a publication with all instances: about two come in that time."""


@asynccontextmanager
async def published(
    engine: Engine, rig: Rig, consensus: Consensus, journal: Journal
) -> AsyncIterator[Descriptors]:
    """Start Onionbalance; inside the block every client tor holds the frontend's descriptor.

    Raises BringUpTimeout.
    """
    async with AsyncExitStack() as stack:
        clients = {
            service.name: await stack.enter_async_context(engine.control(service))
            for service in rig.with_role(Role.CLIENT)
        }
        balancer_tor = await stack.enter_async_context(engine.control(rig.one(Role.BALANCER_TOR)))
        uploads = await stack.enter_async_context(balancer_tor.uploads(rig.address))
        await _start_balancer(engine, rig, consensus, journal)
        async with deadline(PUBLISHED_SECONDS, lambda: _missing_publication(engine, rig)):
            await uploads.get()
        descriptors = Descriptors(rig, clients, balancer_tor, uploads)
        await _fetch_everywhere(descriptors, journal)
        journal.reached(Reached.FRONTEND)
        yield descriptors


async def _wait_for_instances(engine: Engine, rig: Rig, journal: Journal) -> None:
    """Wait until every backend instance has made its own descriptor."""
    names_up: list[str] = []

    def missing_text() -> str:
        return (
            f"a descriptor of {', '.join(name for name in rig.instances if name not in names_up)}"
        )

    async with deadline(INSTANCES_SECONDS, missing_text):
        for service in rig.with_role(Role.BACKEND):
            async with engine.control(service) as tor:
                while not await tor.publishes(rig.instances[service.name]):
                    journal.waiting(missing_text())
                    await asyncio.sleep(POLL_SECONDS)
            names_up.append(service.name)


async def _start_balancer(engine: Engine, rig: Rig, consensus: Consensus, journal: Journal) -> None:
    """Start Onionbalance: at once if it asks again by itself, otherwise at the best moment."""
    balancer = rig.one(Role.BALANCER)
    if "fast_start" in rig.balancer_switches:
        await engine.start([balancer])
        await _wait_for_instances(engine, rig, journal)
        journal.waiting("Onionbalance to publish the address: as soon as it knows every instance")
        return
    await _wait_for_instances(engine, rig, journal)
    journal.waiting("the moment to start Onionbalance, so that it meets the next consensus")
    await asyncio.sleep(
        seconds_until_balancer(
            time.time(),
            next_consensus_seconds=next_consensus_seconds(consensus.valid_after_seconds),
        )
    )
    await engine.start([balancer])
    journal.waiting(
        "Onionbalance to publish the address: it fetches every instance's descriptor, then "
        "publishes when the next consensus arrives (one in 20 s)"
    )


async def _fetch_everywhere(descriptors: Descriptors, journal: Journal) -> None:
    """Make every client tor fetch the descriptor, with all points if they come in time."""
    if await descriptors.fetch_until(
        lambda: descriptors.complete, seconds=COMPLETE_SECONDS, tell=journal.waiting
    ):
        return
    waiting_text = f"after {COMPLETE_SECONDS:.0f} s still waiting for {descriptors.missing_text()}"
    if not descriptors.all_fetched:
        raise BringUpTimeout(waiting_text)
    journal.note(f"{waiting_text}; going on with what there is")


def _missing_publication(engine: Engine, rig: Rig) -> str:
    log = engine.log(rig.one(Role.BALANCER))
    return f"Onionbalance to publish the address; its log: {log}"

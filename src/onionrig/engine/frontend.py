"""Bring up the frontend: publish the one address, and find out which instances it reaches.

Evidence, in order: every backend instance has made a descriptor of its own; HSDirs acknowledge
the frontend's; client tors fetch it with the expected introduction points; a verified byte comes
through; every instance has served, or is named as starved.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import msgspec

from onionrig.balancer.points import Coverage, coverage
from onionrig.balancer.timing import next_consensus_seconds, seconds_until_balancer
from onionrig.engine.deadline import POLL_SECONDS, deadline
from onionrig.errors import BringUpTimeout
from onionrig.records.events import Reached
from onionrig.rig.model import Role, control_path
from onionrig.tor.control import Control, control

if TYPE_CHECKING:
    from onionrig.engine.journal import Journal
    from onionrig.engine.local import LocalEngine
    from onionrig.rig.allocation import Identities
    from onionrig.rig.model import Rig
    from onionrig.tor.consensus import Consensus
    from onionrig.tor.descriptors import Descriptor

INSTANCES_SECONDS = 60.0
PUBLISHED_SECONDS = 150.0
"""Should the start be mistimed, stock Onionbalance's own waits come to 95 s at the worst
(onionbalance 0.2.4: common/scheduler.py, hs_v3/params.py)."""
COMPLETE_SECONDS = 60.0
"""How long to wait for a further publication when the first lacks an instance."""


class Frontend(msgspec.Struct, frozen=True, kw_only=True):
    """The published address as each client tor sees it."""

    coverages: dict[str, Coverage]
    """By client tor: each keeps the descriptor that it has fetched."""

    def starved(self) -> dict[str, str]:
        """Return the instances that no client tor can reach, and why."""
        seen = [coverage.starved() for coverage in self.coverages.values()]
        return {name: why for name, why in seen[0].items() if all(name in other for other in seen)}


async def bring_up_frontend(
    engine: LocalEngine, identities: Identities, consensus: Consensus, journal: Journal
) -> Frontend:
    """Start Onionbalance and wait until every client tor holds the frontend's descriptor."""
    rig = engine.rig
    async with AsyncExitStack() as stack:
        clients = {
            service.name: await stack.enter_async_context(control(control_path(service)))
            for service in rig.with_role(Role.CLIENT)
        }
        await _instances(rig, identities, journal)
        balancer_tor = await stack.enter_async_context(
            control(control_path(rig.one(Role.BALANCER_TOR)))
        )
        uploads = await stack.enter_async_context(balancer_tor.uploads(rig.address))
        journal.waiting("the moment to start Onionbalance, so that it meets the next consensus")
        await asyncio.sleep(
            seconds_until_balancer(
                time.time(),
                next_consensus_seconds=next_consensus_seconds(consensus.valid_after_seconds),
            )
        )
        engine.start([rig.one(Role.BALANCER)])
        journal.waiting(
            "Onionbalance to publish the address: it fetches every instance's descriptor, then "
            "publishes when the next consensus arrives (one in 20 s)"
        )
        async with deadline(PUBLISHED_SECONDS, lambda: _unpublished(engine)):
            await uploads.get()
        coverages = await _complete(rig, identities, clients, uploads, journal)
    journal.reached(Reached.FRONTEND)
    return Frontend(coverages=coverages)


async def _instances(rig: Rig, identities: Identities, journal: Journal) -> dict[str, Descriptor]:
    """Wait until every backend instance has a descriptor of its own, and return them."""
    descriptors: dict[str, Descriptor] = {}
    backends = rig.with_role(Role.BACKEND)

    def missing() -> str:
        names = [service.name for service in backends if service.name not in descriptors]
        return f"a descriptor of {', '.join(names)}"

    async with deadline(INSTANCES_SECONDS, missing), AsyncExitStack() as stack:
        for service, identity in zip(backends, identities.backends, strict=True):
            tor = await stack.enter_async_context(control(control_path(service)))
            while (descriptor := await tor.own_descriptor(identity.address)) is None:
                journal.waiting(missing())
                await asyncio.sleep(POLL_SECONDS)
            descriptors[service.name] = descriptor
    return descriptors


async def _complete(
    rig: Rig,
    identities: Identities,
    clients: dict[str, Control],
    uploads: asyncio.Queue[str],
    journal: Journal,
) -> dict[str, Coverage]:
    """Have every client fetch the descriptor until it has all points, or time is up."""
    coverages: dict[str, Coverage] = {}
    try:
        async with asyncio.timeout(COMPLETE_SECONDS):
            while True:
                instances = await _instances(rig, identities, journal)
                for name, client in clients.items():
                    frontend = await client.fetch_descriptor(rig.address)
                    if frontend is not None:
                        coverages[name] = coverage(frontend, instances)
                if _all_points(coverages, clients, rig.expected_points):
                    return coverages
                journal.waiting(_incomplete(coverages, clients, rig.expected_points))
                await _next_upload(uploads)
    except TimeoutError as error:
        if len(coverages) < len(clients):
            raise BringUpTimeout(
                f"after {COMPLETE_SECONDS:.0f} s still waiting for "
                f"{_incomplete(coverages, clients, rig.expected_points)}"
            ) from error
        journal.note(
            f"after {COMPLETE_SECONDS:.0f} s still waiting for "
            f"{_incomplete(coverages, clients, rig.expected_points)}; going on with what there is"
        )
        return coverages


def _all_points(coverages: dict[str, Coverage], clients: dict[str, Control], expected: int) -> bool:
    return len(coverages) == len(clients) and all(
        seen.points >= expected for seen in coverages.values()
    )


def _incomplete(coverages: dict[str, Coverage], clients: dict[str, Control], expected: int) -> str:
    late = [name for name in clients if name not in coverages]
    if late:
        return f"{late[0]} to fetch the frontend's descriptor"
    fewest = min(coverages.values(), key=lambda seen: seen.points)
    return (
        f"a descriptor with {expected} introduction points; the last has {fewest.points} "
        f"({', '.join(f'{name} {count}' for name, count in fewest.listed.items())})"
    )


async def _next_upload(uploads: asyncio.Queue[str]) -> None:
    """Wait for a further acknowledgement, but look again after a second in any case."""
    try:
        async with asyncio.timeout(1):
            await uploads.get()
    except TimeoutError:
        return


def _unpublished(engine: LocalEngine) -> str:
    log = engine.rig.one(Role.BALANCER).log_path
    return f"Onionbalance to publish the address; its log: {log}"

"""Bring up the frontend: publish the one address, and find out which instances it reaches.

Evidence, in order: every backend instance has made a descriptor of its own; HSDirs acknowledge
the frontend's; client tors fetch it with the expected introduction points; a verified byte comes
through; every instance has served, or is named as starved.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

import msgspec

from onionrig.balancer.points import Coverage, coverage
from onionrig.balancer.timing import next_consensus_seconds, seconds_until_balancer
from onionrig.engine.deadline import POLL_SECONDS, deadline
from onionrig.errors import BringUpTimeout
from onionrig.records.events import Reached
from onionrig.rig.model import Role, control_path
from onionrig.tor.control import Control, control
from onionrig.tor.descriptors import Descriptor

if TYPE_CHECKING:
    from onionrig.engine.journal import Journal
    from onionrig.engine.local import LocalEngine
    from onionrig.rig.allocation import Identities
    from onionrig.rig.model import Rig
    from onionrig.tor.consensus import Consensus

INSTANCES_SECONDS = 60.0
PUBLISHED_SECONDS = 150.0
"""Should the start be mistimed, stock Onionbalance's own waits come to 95 s at the worst
(onionbalance 0.2.4: common/scheduler.py, hs_v3/params.py)."""
EMPTY = Descriptor(revision=0, points=())
PAUSE_SECONDS = 3.0
COMPLETE_SECONDS = 40.0
"""How long to wait for a better publication: about two, with a consensus every 20 s."""


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
        await _instances_up(rig, identities, journal)
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
        coverages = await _complete(_Descriptors(rig, identities, clients), uploads, journal)
    journal.reached(Reached.FRONTEND)
    for client, seen in coverages.items():
        journal.covered(client, seen.usable)
    return Frontend(coverages=coverages)


async def _instances_up(rig: Rig, identities: Identities, journal: Journal) -> None:
    """Wait until every backend instance has made a descriptor of its own."""
    up: list[str] = []
    backends = rig.with_role(Role.BACKEND)

    def missing() -> str:
        names = [service.name for service in backends if service.name not in up]
        return f"a descriptor of {', '.join(names)}"

    async with deadline(INSTANCES_SECONDS, missing), AsyncExitStack() as stack:
        for service, identity in zip(backends, identities.backends, strict=True):
            tor = await stack.enter_async_context(control(control_path(service)))
            while not await tor.publishes(identity.address):
                journal.waiting(missing())
                await asyncio.sleep(POLL_SECONDS)
            up.append(service.name)


class _Descriptors:
    """What the client tors hold of the frontend, against what its instances publish."""

    def __init__(self, rig: Rig, identities: Identities, clients: dict[str, Control]) -> None:
        self._rig = rig
        self._addresses = {
            service.name: identity.address
            for service, identity in zip(
                rig.with_role(Role.BACKEND), identities.backends, strict=True
            )
        }
        self._clients = clients
        self.coverages: dict[str, Coverage] = {}

    async def fetch(self) -> None:
        """Have every client tor fetch the frontend's descriptor, and one the instances'."""
        anyone = next(iter(self._clients.values()))
        fetched = await asyncio.gather(
            *(anyone.fetch_descriptor(address) for address in self._addresses.values())
        )
        instances = {
            name: descriptor or EMPTY
            for name, descriptor in zip(self._addresses, fetched, strict=True)
        }
        for name, client in self._clients.items():
            frontend = await client.fetch_descriptor(self._rig.address)
            if frontend is not None:
                self.coverages[name] = coverage(frontend, instances)

    @property
    def all_fetched(self) -> bool:
        """Whether every client tor holds some descriptor of the frontend."""
        return len(self.coverages) == len(self._clients)

    @property
    def starved(self) -> dict[str, str]:
        """Instances that no client tor can reach, and why."""
        return Frontend(coverages=self.coverages).starved()

    @property
    def complete(self) -> bool:
        """Whether every client tor holds one with all points, each of a known instance."""
        expected = self._rig.expected_points
        return self.all_fetched and all(
            seen.points >= expected and not seen.unknown for seen in self.coverages.values()
        )

    def missing(self) -> str:
        """Say what is missing."""
        late = [name for name in self._clients if name not in self.coverages]
        if late:
            return f"{late[0]} to fetch the frontend's descriptor"
        if self.complete and self.starved:
            names = ", ".join(self.starved)
            return f"the next publication, since no client would reach {names} by this one"
        fewest = min(self.coverages.values(), key=lambda seen: seen.points - seen.unknown)
        return (
            f"a descriptor with {self._rig.expected_points} introduction points; the last has "
            f"{fewest.points} ({', '.join(f'{name} {n}' for name, n in fewest.listed.items())})"
        )


async def _complete(
    descriptors: _Descriptors, uploads: asyncio.Queue[str], journal: Journal
) -> dict[str, Coverage]:
    """Have every client fetch the descriptor until it serves every instance, or time is up.

    Each publication draws and places the points anew, so the next one may well serve an instance
    that this one starves.
    """
    try:
        async with asyncio.timeout(COMPLETE_SECONDS):
            while True:
                await descriptors.fetch()
                if descriptors.complete and not descriptors.starved:
                    return descriptors.coverages
                journal.waiting(descriptors.missing())
                if descriptors.all_fetched:
                    await _next_publication(uploads)
                else:
                    await _next_upload(uploads)
    except TimeoutError as error:
        if descriptors.complete:
            return descriptors.coverages
        late = f"after {COMPLETE_SECONDS:.0f} s still waiting for {descriptors.missing()}"
        if not descriptors.all_fetched:
            raise BringUpTimeout(late) from error
        journal.note(f"{late}; going on with what there is")
        return descriptors.coverages


async def _next_upload(uploads: asyncio.Queue[str]) -> None:
    """Wait for a further acknowledgement, but look again after a second in any case."""
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            await uploads.get()


async def _next_publication(uploads: asyncio.Queue[str]) -> None:
    """Wait for an acknowledgement after a pause: those of one publication come in one burst."""
    quiet = False
    while not quiet:
        try:
            async with asyncio.timeout(PAUSE_SECONDS):
                await uploads.get()
        except TimeoutError:
            quiet = True
    await uploads.get()


def _unpublished(engine: LocalEngine) -> str:
    log = engine.rig.one(Role.BALANCER).log_path
    return f"Onionbalance to publish the address; its log: {log}"

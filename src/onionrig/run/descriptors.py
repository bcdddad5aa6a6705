"""The frontend's descriptor in each client tor, and whether it serves every instance."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from onionrig.balancer.points import coverage, variants
from onionrig.processes.together import together
from onionrig.tor.descriptors import Descriptor
from onionrig.tor.directory import known_network
from onionrig.tor.hash_ring import client_hsdirs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from onionrig.balancer.points import Coverage
    from onionrig.rig.model import Rig
    from onionrig.tor.control import Control

NOTHING = Descriptor(revision=0, points=())
PAUSE_SECONDS = 3.0
"""Seconds between the acknowledgements of two publications; those of one come in one burst."""


class Descriptors:
    """The frontend's descriptors in the client tors, fetched again as often as requested."""

    def __init__(
        self,
        rig: Rig,
        clients: Mapping[str, Control],
        balancer_tor: Control,
        uploads: asyncio.Queue[str],
    ) -> None:
        self._rig = rig
        self._clients = clients
        self._balancer_tor = balancer_tor
        self._uploads = uploads
        self._asked = False
        self.coverages: dict[str, Coverage] = {}
        """Coverages by client tor: each keeps the descriptor that it has fetched."""

    @property
    def all_fetched(self) -> bool:
        """Whether every client tor holds some descriptor of the frontend."""
        return len(self.coverages) == len(self._clients)

    @property
    def complete(self) -> bool:
        """Whether every client tor holds one with all points, each of a known instance."""
        expected = self._rig.expected_points
        return (
            self.all_fetched
            and all(seen.points >= expected and not seen.unknown for seen in self._held)
            and len(set(variants(self.coverages).values()))
            >= min(self._rig.variants, len(self._clients))
        )

    @property
    def starved(self) -> dict[str, str]:
        """Instances that no client tor can reach with the descriptors they hold, and why."""
        seen = [coverage.starved() for coverage in self._held]
        return {name: why for name, why in seen[0].items() if all(name in other for other in seen)}

    def missing(self) -> str:
        """Return a text about what is missing."""
        late = [name for name in self._clients if name not in self.coverages]
        if late:
            return f"{late[0]} to fetch the frontend's descriptor"
        if self.complete:
            return (
                "the next publication, since no client would reach "
                f"{', '.join(self.starved)} by this one"
            )
        fewest = min(self._held, key=lambda seen: seen.points - seen.unknown)
        kinds = len(set(variants(self.coverages).values()))
        if self._rig.variants > 1 and fewest.points >= self._rig.expected_points:
            return f"{self._rig.variants} distinct descriptors; client tors hold {kinds}"
        listed = ", ".join(f"{name} {count}" for name, count in fewest.listed.items() if count)
        return (
            f"a descriptor with {self._rig.expected_points} introduction points; the last has "
            f"{fewest.points} ({listed or 'none'})"
        )

    @property
    def _held(self) -> list[Coverage]:
        return list(self.coverages.values())

    async def fetch_until(
        self, enough: Callable[[], bool], *, seconds: float, tell: Callable[[str], None]
    ) -> bool:
        """Fetch at each publication until it is enough; return whether it was, in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not enough():
                    if self.all_fetched:
                        await self._next_publication()
                    elif self._asked:
                        await self._next_upload()
                    self._asked = True
                    await self._fetch()
                    if not enough():
                        tell(self.missing())
        return enough()

    async def _fetch(self) -> None:
        """Make every client tor fetch the frontend's descriptor; look at the instances' own."""
        fetched = await together(
            *(self._of_instance(address) for address in self._rig.instances.values())
        )
        instances = {
            name: descriptor or NOTHING
            for name, descriptor in zip(self._rig.instances, fetched, strict=True)
        }
        held = await together(
            *(
                client.fetch_descriptor(self._rig.address, server=place)
                for client, place in zip(self._clients.values(), await self._places(), strict=True)
            )
        )
        for name, frontend in zip(self._clients, held, strict=True):
            if frontend is not None:
                self.coverages[name] = coverage(frontend, instances)

    async def _places(self) -> list[str | None]:
        """Return the HSDir for each client tor to fetch from: any, if there is only one descriptor.

        Otherwise they take turns over the HSDirs that clients choose from, so that each descriptor
        is held by equally many. Left alone they draw: with few clients, not all would be held.
        """
        if self._rig.variants == 1:
            return [None] * len(self._clients)
        anyone = next(iter(self._clients.values()))
        hsdirs = client_hsdirs(self._rig.address, await known_network(anyone))
        return [
            hsdirs[number % len(hsdirs)].relay.fingerprint for number in range(len(self._clients))
        ]

    async def _of_instance(self, address: str) -> Descriptor | None:
        """Return an instance's descriptor: the one that Onionbalance has fetched, if it is there.

        It is missing between telling its tor to forget and fetching again: then a client fetches
        it.
        """
        cached = await self._balancer_tor.cached_descriptor(address)
        if cached is not None:
            return cached
        anyone = next(iter(self._clients.values()))
        return await anyone.fetch_descriptor(address)

    async def _next_upload(self) -> None:
        """Wait for another acknowledgement, but look again after a second in any case."""
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._uploads.get()

    async def _next_publication(self) -> None:
        """Wait for an acknowledgement after a pause."""
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(PAUSE_SECONDS):
                    await self._uploads.get()
        await self._uploads.get()

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
        self._has_fetched = False
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
            and all(
                coverage.points >= expected and not coverage.unknown
                for coverage in self._held_coverages
            )
            and len(set(variants(self.coverages).values()))
            >= min(self._rig.variants, len(self._clients))
        )

    @property
    def starved(self) -> dict[str, str]:
        """Instances that no client tor can reach with the descriptors they hold, and why."""
        reasons_by_client = [coverage.starved() for coverage in self._held_coverages]
        return {
            name: reason
            for name, reason in reasons_by_client[0].items()
            if all(name in reasons for reasons in reasons_by_client)
        }

    def missing_text(self) -> str:
        """Return a text about what is missing."""
        late_clients = [name for name in self._clients if name not in self.coverages]
        if late_clients:
            return f"{late_clients[0]} to fetch the frontend's descriptor"
        if self.complete:
            return (
                "the next publication, since no client would reach "
                f"{', '.join(self.starved)} by this one"
            )
        smallest_coverage = min(
            self._held_coverages, key=lambda coverage: coverage.points - coverage.unknown
        )
        variant_count = len(set(variants(self.coverages).values()))
        if self._rig.variants > 1 and smallest_coverage.points >= self._rig.expected_points:
            return f"{self._rig.variants} distinct descriptors; client tors hold {variant_count}"
        points_text = ", ".join(
            f"{name} {count}" for name, count in smallest_coverage.listed.items() if count
        )
        return (
            f"a descriptor with {self._rig.expected_points} introduction points; the last has "
            f"{smallest_coverage.points} ({points_text or 'none'})"
        )

    @property
    def _held_coverages(self) -> list[Coverage]:
        return list(self.coverages.values())

    async def fetch_until(
        self, is_enough: Callable[[], bool], *, seconds: float, tell: Callable[[str], None]
    ) -> bool:
        """Fetch at each publication until it is enough; return whether it was, in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not is_enough():
                    if self.all_fetched:
                        await self._next_publication()
                    elif self._has_fetched:
                        await self._next_upload()
                    self._has_fetched = True
                    await self._fetch()
                    if not is_enough():
                        tell(self.missing_text())
        return is_enough()

    async def _fetch(self) -> None:
        """Make every client tor fetch the frontend's descriptor; look at the instances' own."""
        instance_descriptors = await together(
            *(self._instance_descriptor(address) for address in self._rig.instances.values())
        )
        instances = {
            name: descriptor or NOTHING
            for name, descriptor in zip(self._rig.instances, instance_descriptors, strict=True)
        }
        frontend_descriptors = await together(
            *(
                client.fetch_descriptor(self._rig.address, server=hsdir)
                for client, hsdir in zip(
                    self._clients.values(), await self._hsdirs_to_ask(), strict=True
                )
            )
        )
        for name, frontend_descriptor in zip(self._clients, frontend_descriptors, strict=True):
            if frontend_descriptor is not None:
                self.coverages[name] = coverage(frontend_descriptor, instances)

    async def _hsdirs_to_ask(self) -> list[str | None]:
        """Return the HSDir for each client tor to fetch from: any, if there is only one descriptor.

        Otherwise they take turns over the HSDirs that clients choose from, so that each descriptor
        is held by equally many. Left alone they draw: with few clients, not all would be held.
        """
        if self._rig.variants == 1:
            return [None] * len(self._clients)
        client = next(iter(self._clients.values()))
        hsdirs = client_hsdirs(self._rig.address, await known_network(client))
        return [
            hsdirs[index % len(hsdirs)].relay.fingerprint for index in range(len(self._clients))
        ]

    async def _instance_descriptor(self, address: str) -> Descriptor | None:
        """Return an instance's descriptor: the one that Onionbalance has fetched, if it is there.

        It is missing between telling its tor to forget and fetching again: then a client fetches
        it.
        """
        cached_descriptor = await self._balancer_tor.cached_descriptor(address)
        if cached_descriptor is not None:
            return cached_descriptor
        client = next(iter(self._clients.values()))
        return await client.fetch_descriptor(address)

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

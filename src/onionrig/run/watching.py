"""Watch which instances are in the address's descriptors, and when one is published."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from onionrig.errors import NoTorToAsk
from onionrig.rig.model import Role
from onionrig.tor.control import GONE
from onionrig.tor.directory import FollowedNetwork
from onionrig.tor.hash_ring import client_hsdirs
from onionrig.tor.hsdirs import ask_all

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from onionrig.engine.base import Engine
    from onionrig.rig.model import Rig
    from onionrig.run.journal import Journal
    from onionrig.tor.control import Control

PAUSE_SECONDS = 0.25
"""Seconds between two rounds; a round takes some tenths of a second by itself."""
PUBLICATION_SECONDS = 1.0
"""Time for a publication: eight HSDirs acknowledge it within about a second of one another."""


@asynccontextmanager
async def watched(engine: Engine, rig: Rig, journal: Journal) -> AsyncIterator[None]:
    """Journal every change of the instances that clients can learn of, and every publication.

    The balancer's tor is asked, which carries no load and whose cache no client looks into.
    """
    watch_task = asyncio.create_task(_watch(engine, rig, journal))
    try:
        yield
    finally:
        watch_task.cancel()
        await asyncio.wait([watch_task])
        if not watch_task.cancelled() and (error := watch_task.exception()):
            journal.note(f"the address's descriptors were not watched to the end: {error!r}")


async def _watch(engine: Engine, rig: Rig, journal: Journal) -> None:
    descriptors = _AddressDescriptors(rig)
    last_instances: tuple[str, ...] | None = None
    while True:
        # the tor that is asked may itself be ended and started again
        with suppress(*GONE, NoTorToAsk):
            async with (
                engine.control(rig.one(Role.BALANCER_TOR)) as tor,
                tor.uploads(rig.address) as uploads,
            ):
                # no task group: one that ends with an error forgets that it was cancelled
                publication_task = asyncio.create_task(_journal_publications(uploads, journal))
                try:
                    while not publication_task.done():
                        instances = await descriptors.listed_instances(tor)
                        if instances is not None and instances != last_instances:
                            journal.listed(instances)
                            last_instances = instances
                        await asyncio.sleep(PAUSE_SECONDS)
                    publication_task.result()
                finally:
                    publication_task.cancel()
        await asyncio.sleep(PAUSE_SECONDS)


async def _journal_publications(uploads: asyncio.Queue[str], journal: Journal) -> None:
    """Journal that HSDirs acknowledge descriptors; those of one second together."""
    while True:
        await uploads.get()
        journal.published()
        await asyncio.sleep(PUBLICATION_SECONDS)
        while not uploads.empty():
            uploads.get_nowait()


class _AddressDescriptors:
    """The descriptors on the HSDirs that clients ask."""

    def __init__(self, rig: Rig) -> None:
        self._address = rig.address
        self._instances = rig.instances
        self._owners: dict[str, str] = {}
        self._network = FollowedNetwork()

    async def listed_instances(self, tor: Control) -> tuple[str, ...] | None:
        """Return the instances in any descriptor, or None if not one HSDir gave one."""
        hsdirs = client_hsdirs(self._address, await self._network.current(tor))
        answers = await ask_all(tor, self._address, hsdirs)
        keys = {
            point.key
            for answer in answers
            if answer.descriptor
            for point in answer.descriptor.points
        }
        if not keys:
            return None
        if keys - self._owners.keys():
            await self._learn_owners(tor)
        owners = {self._owners.get(key) for key in keys}
        return tuple(name for name in self._instances if name in owners)

    async def _learn_owners(self, tor: Control) -> None:
        """Look up the owners of points: a daemon that was started again has new ones."""
        for name, address in self._instances.items():
            descriptor = await tor.cached_descriptor(address)
            if descriptor is not None:
                self._owners.update({point.key: name for point in descriptor.points})

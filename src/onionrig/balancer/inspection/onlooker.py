"""Look at what clients see of an address, repeatedly if asked to."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from onionrig.balancer.inspection.client_view import Looked, address_seen
from onionrig.balancer.inspection.reached_instances import Instance
from onionrig.errors import NoTorToAsk
from onionrig.tor.control import GONE
from onionrig.tor.directory import FollowedNetwork
from onionrig.tor.hash_ring import client_hsdirs, client_period
from onionrig.tor.hsdirs import ask_all, ask_until_found

if TYPE_CHECKING:
    from onionrig.balancer.inspection.client_view import Subject
    from onionrig.records.descriptor import AddressSeen
    from onionrig.tor.control import Control
    from onionrig.tor.descriptors import Descriptor, IntroductionPoint
    from onionrig.tor.hash_ring import KnownNetwork
    from onionrig.tor.hsdirs import HSDirReply

INSTANCES_AT_ONCE = 6


class Onlooker:
    """Fetches through a tor, and keeps from one look to the next what does not change."""

    def __init__(
        self,
        subject: Subject,
        control: Control,
        *,
        asked: str,
        instance_control: Control | None = None,
    ) -> None:
        """Prepare to look.

        The instances' own descriptors are fetched through ``instance_control`` if that is given,
        rather than the tor that Onionbalance uses: Onionbalance takes every descriptor of an
        instance that its tor receives, whoever asked for it, as a sign of life (onionbalance 0.2.4:
        hs_v3/onionbalance.py, handle_new_desc_content_event).
        """
        self._subject = subject
        self._control = control
        self._asked = asked
        self._instance_control = instance_control or control
        self._network = FollowedNetwork()
        self._points: dict[str, dict[str, IntroductionPoint]] = {
            name: {} for name in subject.instances
        }
        self._own: dict[str, Descriptor] = {}
        self._first_seen: dict[tuple[str, int], float] = {}

    async def look(self) -> AddressSeen:
        """Fetch from every HSDir that clients choose from. Raises NoTorToAsk."""
        try:
            return await self._look()
        except GONE as error:
            raise NoTorToAsk(f"{self._asked}: {error}") from error

    async def _look(self) -> AddressSeen:
        network = await self._network.current(self._control)
        address = self._subject.address
        replies = await ask_all(self._control, address, client_hsdirs(address, network))
        now_seconds = time.time()
        for reply in replies:
            if reply.descriptor is not None:
                hsdir_and_revision = (reply.hsdir.relay.fingerprint, reply.descriptor.revision)
                self._first_seen.setdefault(hsdir_and_revision, now_seconds)
        await self._know_instances(network, replies)
        return address_seen(
            Looked(
                subject=self._subject,
                asked=self._asked,
                now_seconds=now_seconds,
                network=network,
                period=client_period(network),
                replies=replies,
                instances={
                    name: Instance(
                        address=address,
                        own_points=len(self._own[name].points) if name in self._own else None,
                        points=tuple(self._points[name].values()),
                    )
                    for name, address in self._subject.instances.items()
                },
                first_seen_seconds=self._first_seen,
            )
        )

    async def _know_instances(self, network: KnownNetwork, replies: tuple[HSDirReply, ...]) -> None:
        """Fetch the instances' own descriptors: at first, and when a point's owner is unknown."""
        known_keys = {key for points in self._points.values() for key in points}
        listed = {
            point.key
            for reply in replies
            if reply.descriptor is not None
            for point in reply.descriptor.points
        }
        names = [
            name
            for name in self._subject.instances
            if name not in self._own or not listed <= known_keys
        ]
        several = asyncio.Semaphore(INSTANCES_AT_ONCE)
        await asyncio.gather(*(self._know(name, network, several) for name in names))

    async def _know(self, name: str, network: KnownNetwork, several: asyncio.Semaphore) -> None:
        address = self._subject.instances[name]
        async with several:
            descriptor = await ask_until_found(
                self._instance_control, address, client_hsdirs(address, network)
            )
        if descriptor is None:
            self._own.pop(name, None)
            return
        self._own[name] = descriptor
        self._points[name] |= {point.key: point for point in descriptor.points}

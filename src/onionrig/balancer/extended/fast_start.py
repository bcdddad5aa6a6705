"""Publish as soon as every instance is known.

Stock Onionbalance sleeps 45 s between its first fetch and its first publication
(common/scheduler.py), and 5 s after a NEWNYM before every fetch (common/instance.py). On a testing
network it also treats an instance as offline 20 s after its descriptor was received, which is the
period in which it fetches them (hs_v3/params.py): instances come and go for no reason.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import onionbalance.common.instance
import onionbalance.common.util
import stem
import stem.control
from onionbalance.common import scheduler
from onionbalance.hs_v3 import manager, params
from onionbalance.hs_v3.onionbalance import Onionbalance

from onionrig.balancer.extended.instances import all_instances

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    from onionbalance.hs_v3.instance import InstanceV3

_logger = logging.getLogger("onionbalance")
AGAIN_SECONDS = 1
"""Period of asking for instances that are not known."""
PATIENCE_SECONDS = 15
"""Time that a first publication waits for all instances."""
FORGET_SECONDS = 5
"""Period of telling tor, while instances are missing, to forget which HSDirs it has asked: it asks
each of them only once in a while (tor: src/feature/hs/hs_common.c, hs_pick_hsdir)."""
TOO_OLD_SECONDS_TESTNET = 90


def replace() -> None:
    """Replace four functions and two parameters.

    ``manager.init_scheduler``, ``Onionbalance.publish_all_descriptors`` and
    ``Onionbalance.handle_new_desc_content_event``, which call the stock functions, and
    ``helper_fetch_all_instance_descriptors``, which does not.
    """
    params.INITIAL_CALLBACK_DELAY = 0
    params.INSTANCE_DESCRIPTOR_TOO_OLD_TESTNET = TOO_OLD_SECONDS_TESTNET
    onionbalance.common.instance.helper_fetch_all_instance_descriptors = fetch_all
    start = FirstPublication(time.monotonic)
    manager.init_scheduler = asking_again(manager.init_scheduler, start)
    Onionbalance.publish_all_descriptors = held_back(Onionbalance.publish_all_descriptors, start)
    Onionbalance.handle_new_desc_content_event = publishing_when_all_are_known(
        Onionbalance.handle_new_desc_content_event
    )


class FirstPublication:
    """The first publication, which waits for every instance, but not for ever."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = self._forgot = clock()
        self._due = False

    def waits(self) -> bool:
        """Return whether there is nothing to publish yet; once there is, there always is."""
        missing = len(unknown())
        late = self._clock() - self._began >= PATIENCE_SECONDS
        if not self._due and missing and late:
            _logger.warning("Publishing without %d instances", missing)
        self._due = self._due or not missing or late
        return not self._due

    def ask_again(self, balancer: Onionbalance) -> None:
        """Fetch what is missing; publish without it once the wait is over."""
        if not balancer.consensus.is_live():
            balancer.consensus.refresh()
            return
        missing = unknown()
        now = self._clock()
        if missing and now - self._forgot >= FORGET_SECONDS:
            self._forgot = now
            balancer.controller.controller.signal(stem.Signal.NEWNYM)
        for instance in missing:
            instance.fetch_descriptor()
        if missing and not self.waits() and not _published(balancer):
            balancer.publish_all_descriptors()


def unknown() -> list[InstanceV3]:
    """Return the instances whose descriptors have not come."""
    return [instance for instance in all_instances() if not instance.descriptor]


def asking_again(
    init_scheduler: Callable[[Any], None], start: FirstPublication
) -> Callable[[Any], None]:
    """Make the scheduler ask every second for the instances that are not known."""

    def init(balancer: Onionbalance) -> None:
        init_scheduler(balancer)
        scheduler.add_job(AGAIN_SECONDS, lambda: start.ask_again(balancer))

    return init


def held_back(publish_all: Callable[[Any], None], start: FirstPublication) -> Callable[[Any], None]:
    """Suppress early publications: half of the instances would get all clients."""

    def publish(balancer: Onionbalance) -> None:
        if start.waits():
            _logger.info("Not every instance is known: not publishing yet")
            return
        publish_all(balancer)

    return publish


def publishing_when_all_are_known(
    handle: Callable[[Any, Any], None],
) -> Callable[[Any, Any], None]:
    """Publish the last instance's first descriptor without waiting."""

    def handled(balancer: Onionbalance, event: object) -> None:
        before = unknown()
        handle(balancer, event)
        if before and not unknown():
            _logger.info("Every instance is known: publishing")
            balancer.publish_all_descriptors()

    return handled


def fetch_all(
    controller: stem.control.Controller,
    instances: Collection[InstanceV3],
    control_password: str | None = None,
) -> None:
    """Fetch every instance's descriptor: no NEWNYM, no wait."""
    for instance in set(instances):
        try:
            instance.fetch_descriptor()
        except stem.SocketClosed:
            _logger.warning("Failed to fetch descriptor, socket is closed")
            onionbalance.common.util.reauthenticate(controller, _logger, control_password)
            instance.fetch_descriptor()


def _published(balancer: Onionbalance) -> bool:
    return any(service.first_descriptor for service in balancer.services)

"""Leave out instances that do not answer, within seconds; take them back when they do.

Stock Onionbalance never asks an instance: it goes by the age of the descriptor that it fetches from
the HSDirs, and those keep the descriptor of a dead instance for hours. Here each instance is probed
(``probing``), and the probes decide whether its introduction points are used.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from onionbalance.hs_v3 import manager
from onionbalance.hs_v3.instance import InstanceIsOffline, InstanceV3
from onionbalance.hs_v3.onionbalance import my_onionbalance

from onionrig.balancer.extended.instances import all_instances
from onionrig.balancer.extended.probing import Probing
from onionrig.balancer.extended.publications import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from stem.descriptor.hidden_service import IntroductionPointV3

    from onionrig.rig.orders import ProbeOrders

_logger = logging.getLogger("onionbalance")
TOGETHER_SECONDS = 0.1
"""Delay that lets instances of one host, which die together, leave in one publication."""


def replace(orders: ProbeOrders) -> None:
    """Replace ``InstanceV3.get_intros_for_publish`` and ``manager.init_scheduler``.

    Both replacements call the stock function.
    """
    silent = Silent()
    InstanceV3.get_intros_for_publish = leaving_out(InstanceV3.get_intros_for_publish, silent)
    manager.init_scheduler = probing_as_well(manager.init_scheduler, orders, silent)


class Silent:
    """The instances that do not answer, by onion address."""

    def __init__(self) -> None:
        self._addresses: frozenset[str] = frozenset()
        self.changed = threading.Event()

    def __contains__(self, address: str) -> bool:
        return address in self._addresses

    def say(self, address: str, answers: bool) -> None:  # noqa: FBT001 - a callback's
        """Note the result of a probe; only a change has an effect."""
        if answers == (address not in self._addresses):
            return
        self._addresses = self._addresses - {address} if answers else self._addresses | {address}
        _logger.warning(
            "Instance %s %s", address, "answers again" if answers else "does not answer: left out"
        )
        self.changed.set()

    def all_of(self, addresses: frozenset[str]) -> bool:
        """Return whether none of these answers: then it is we who are cut off."""
        return addresses <= self._addresses


def leaving_out(
    points: Callable[[Any], list[IntroductionPointV3]], silent: Silent
) -> Callable[[Any], list[IntroductionPointV3]]:
    """Treat silent instances as offline, unless all are silent."""

    def used(instance: InstanceV3) -> list[IntroductionPointV3]:
        everyone = frozenset(known_instance.onion_address for known_instance in all_instances())
        if instance.onion_address in silent and not silent.all_of(everyone):
            raise InstanceIsOffline
        return points(instance)

    return used


def probing_as_well(
    init_scheduler: Callable[[Any], None], orders: ProbeOrders, silent: Silent
) -> Callable[[Any], None]:
    """Start probing when the scheduler is set up, once, and publish each change."""
    started = threading.Event()

    def init(balancer: object) -> None:
        if not started.is_set():
            started.set()
            addresses = [instance.onion_address for instance in all_instances()]
            probing = Probing(orders, addresses, silent.say)
            threading.Thread(target=probing.run, name="probing", daemon=True).start()
            threading.Thread(
                target=_publish_changes, args=(silent,), name="liveness", daemon=True
            ).start()
        init_scheduler(balancer)

    return init


def _publish_changes(silent: Silent) -> None:
    while True:
        silent.changed.wait()
        time.sleep(TOGETHER_SECONDS)
        silent.changed.clear()
        for instance in all_instances():
            # stock looks at this to decide whether there is anything new to publish
            if instance.descriptor:
                instance.intro_set_modified_timestamp = now()
        try:
            my_onionbalance.publish_all_descriptors()
        except Exception:
            _logger.exception("The change could not be published; the next publication has it")

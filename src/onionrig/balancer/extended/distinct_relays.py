"""Choose introduction points so that no two of a descriptor lie on the same relay.

A client picks a point, goes to its relay, and there uses the first point of the descriptor that
lies on it (tor: src/feature/hs/hs_client.c); later ones on the same relay are never used. Stock
Onionbalance draws at random, so an instance whose points all come second is starved.
"""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, Any

from onionbalance.hs_v3.descriptor import IntroductionPointSetV3

from onionrig.balancer.extended.instances import key_of, owners, relay_of
from onionrig.balancer.extended.matching import distinct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stem.descriptor.hidden_service import IntroductionPointV3

_logger = logging.getLogger("onionbalance")


def replace() -> None:
    """Replace ``IntroductionPointSetV3.choose``."""
    IntroductionPointSetV3.choose = choose


def choose(
    points: IntroductionPointSetV3, count: int = 10, *, shuffle: bool = True
) -> list[IntroductionPointV3]:
    """Choose up to ``count`` points on distinct relays, equally many of each instance."""
    by_instance = [of_one for of_one in points.intro_points if of_one]
    if not by_instance:
        return []
    chosen = on_distinct_relays(by_instance, points_each=-(-count // len(by_instance)))
    _name_starved(by_instance, chosen)
    flat = [point for of_one in chosen for point in of_one]
    if shuffle:
        random.shuffle(flat)
    return flat


def on_distinct_relays(
    by_instance: Sequence[Sequence[IntroductionPointV3]], *, points_each: int
) -> list[list[IntroductionPointV3]]:
    """Return up to ``each`` points of every instance, no two on one relay."""
    on_relay = [{relay_of(point): point for point in points} for points in by_instance]
    relays = distinct([list(points) for points in on_relay], most_each=points_each)
    return [
        [points[relay] for relay in chosen_relays]
        for points, chosen_relays in zip(on_relay, relays, strict=True)
    ]


def _name_starved(
    by_instance: Sequence[Sequence[IntroductionPointV3]], chosen: Sequence[Sequence[Any]]
) -> None:
    """Warn of instances that get no client because their relays are all taken."""
    owner = owners()
    for points, chosen_points in zip(by_instance, chosen, strict=True):
        if not chosen_points:
            instance = owner.get(key_of(points[0]))
            _logger.warning(
                "Instance %s starves: no relay of its introduction points is left in this "
                "descriptor; the network has too few relays",
                instance.onion_address if instance else "(unknown)",
            )

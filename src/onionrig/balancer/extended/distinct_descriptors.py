"""Distribute the instances over several descriptors of the one address.

A descriptor holds at most 20 introduction points; tor uploads one with more, and no client can use
it (tor: src/feature/hs/hs_descriptor.c). Stock Onionbalance does not count them. Clients fetch from
6 HSDirs, chosen at random (2 replicas, 3 places each; tor: src/feature/hs/hs_client.c). Different
descriptors of the same revision on them are fetched by equal shares of the clients: 6 times 20
points, 60 instances with 2 each.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from onionbalance.hs_v3 import hashring, params
from onionbalance.hs_v3.descriptor import BadDescriptor, IntroductionPointSetV3, OBDescriptor
from onionbalance.hs_v3.onionbalance import my_onionbalance
from onionbalance.hs_v3.service import OnionbalanceService

from onionrig.balancer.extended.instances import all_instances, key_of, owners
from onionrig.balancer.extended.publications import now, one_revision
from onionrig.balancer.extended.whole_ring import responsible_hsdirs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stem.descriptor.hidden_service import IntroductionPointV3

_logger = logging.getLogger("onionbalance")
SPREAD_FETCH = 3
"""Places of each replica that clients fetch from (torspec: rend-spec-v3, hsdir_spread_fetch)."""

Item = TypeVar("Item")


def replace(variants: int) -> None:
    """Replace ``OnionbalanceService._publish_descriptor``."""
    OnionbalanceService._publish_descriptor = publishing(variants)  # noqa: SLF001 - on purpose


def publishing(variants: int) -> Callable[[OnionbalanceService, bool], None]:
    """Return a function that publishes this number of distinct descriptors."""

    def publish(service: OnionbalanceService, is_first_desc: bool) -> None:  # noqa: FBT001 - as stock calls it
        which = "first" if is_first_desc else "second"
        if not service._should_publish_descriptor_now(is_first_desc):  # noqa: SLF001 - its method
            _logger.info("No reason to publish %s descriptor", which)
            return
        groups = distribute(_in_order(service), variants)
        if not groups:
            _logger.info("Got no usable intro points from our instances. Delaying...")
            return
        try:
            descriptors = _descriptors(service, groups, is_first_desc=is_first_desc)
            blinded_key = descriptors[0].get_blinded_key()
            fetched = responsible_hsdirs(blinded_key, is_first_desc, SPREAD_FETCH)
            stored = responsible_hsdirs(blinded_key, is_first_desc)
        except (BadDescriptor, hashring.EmptyHashRing) as error:
            _logger.warning("Can't publish %s descriptor: %r. Delaying...", which, error)
            return
        if len(fetched) < len(descriptors):
            _logger.error(
                "%d distinct descriptors need as many HSDirs, and clients fetch from %d: "
                "the instances of %d are not reached",
                len(descriptors), len(fetched), len(descriptors) - len(fetched),
            )  # fmt: skip
        by_variant = hsdirs_by_variant(fetched, stored, len(descriptors))
        for descriptor, hsdirs in zip(descriptors, by_variant, strict=True):
            _upload(service, descriptor, hsdirs)
        _logger.info(
            "Published %d %s descriptors with %s introduction points",
            len(descriptors), which, [len(descriptor.intro_set) for descriptor in descriptors],
        )  # fmt: skip
        descriptors[0].set_responsible_hsdirs(stored)
        if is_first_desc:
            service.first_descriptor = descriptors[0]
        else:
            service.second_descriptor = descriptors[0]

    return publish


def distribute(items: Sequence[Item], variants: int) -> list[list[Item]]:
    """Distribute items in turn, over fewer variants if there are fewer items."""
    count = min(variants, len(items))
    return [list(items[number::count]) for number in range(count)]


def hsdirs_by_variant(
    fetched: Sequence[str], stored: Sequence[str], variants: int
) -> list[list[str]]:
    """Return the HSDirs of each variant: in turn over those that clients fetch from.

    HSDirs that only store take over when one of the others leaves the ring; they get the variants
    in turn as well.
    """
    further = [hsdir for hsdir in stored if hsdir not in fetched]
    return [[*fetched[number::variants], *further[number::variants]] for number in range(variants)]


def _in_order(service: OnionbalanceService) -> list[list[IntroductionPointV3]]:
    """Return the points of each instance that has some, in the configuration's order.

    Stock shuffles them; in order, a group changes only if its instances do.
    """
    owner = owners()
    order = {instance: number for number, instance in enumerate(all_instances())}
    several = [points for points in service.get_all_intros_for_publish().intro_points if points]
    return sorted(several, key=lambda points: order.get(owner.get(key_of(points[0])), len(order)))


def _descriptors(
    service: OnionbalanceService,
    groups: Sequence[list[list[IntroductionPointV3]]],
    *,
    is_first_desc: bool,
) -> list[OBDescriptor]:
    _, time_period = hashring.get_srv_and_time_period(is_first_desc)
    blinding = my_onionbalance.consensus.get_blinding_param(
        service._get_identity_pubkey_bytes(),  # noqa: SLF001 - its method
        time_period,
    )
    with one_revision():
        return [
            OBDescriptor(
                service.onion_address,
                service.identity_priv_key,
                blinding,
                IntroductionPointSetV3(group).choose(len(group) * params.N_INTROS_PER_INSTANCE),
                is_first_desc,
            )
            for group in groups
        ]


def _upload(service: OnionbalanceService, descriptor: OBDescriptor, hsdirs: list[str]) -> None:
    descriptor.set_last_publish_attempt_ts(now())
    service._upload_descriptor(  # noqa: SLF001 - its method
        my_onionbalance.controller.controller, descriptor, hsdirs
    )
    descriptor.set_last_upload_ts(now())

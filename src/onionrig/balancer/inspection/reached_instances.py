"""The backend instances that clients reach through the descriptors that they find."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.balancer.points import coverage
from onionrig.records.descriptor import InstanceSeen, InVariant, Unreachable
from onionrig.tor.descriptors import Descriptor, IntroductionPoint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onionrig.balancer.points import Coverage
    from onionrig.records.descriptor import DescriptorVariant


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """A backend instance, as far as it is known."""

    address: str
    own_points: int | None
    """Number of points in its own descriptor; None if no HSDir has one."""
    points: tuple[IntroductionPoint, ...]
    """Those points, and any that it had before: the address may still list them."""


def instances_seen(
    descriptors: Sequence[Descriptor],
    variants: Sequence[DescriptorVariant],
    instances: Mapping[str, Instance],
) -> tuple[InstanceSeen, ...]:
    """Compare every variant with the instances' points."""
    published = {
        name: Descriptor(revision=0, points=instance.points) for name, instance in instances.items()
    }
    coverages = [
        (variant, coverage(descriptor, published))
        for variant, descriptor in zip(variants, descriptors, strict=True)
    ]
    return tuple(_instance(name, instance, coverages) for name, instance in instances.items())


def _instance(
    name: str, instance: Instance, coverages: Sequence[tuple[DescriptorVariant, Coverage]]
) -> InstanceSeen:
    listed = tuple(
        InVariant(variant=variant.number, listed=covered.listed[name], usable=covered.usable[name])
        for variant, covered in coverages
        if covered.listed[name]
    )
    reachable = any(in_variant.usable for in_variant in listed)
    in_doubt = any(covered.unknown for _, covered in coverages)
    return InstanceSeen(
        name=name,
        address=instance.address,
        own_points=instance.own_points,
        variants=listed,
        reachable=None if in_doubt and not reachable else reachable,
        unreachable=None if reachable else _why(instance, listed),
        share=sum(
            variant.share * covered.drawn[name] / covered.points
            for variant, covered in coverages
            if covered.points
        ),
    )


def _why(instance: Instance, listed: Sequence[InVariant]) -> Unreachable:
    if listed:
        return Unreachable.SHARED_RELAYS
    return Unreachable.NOT_PUBLISHED if instance.own_points is None else Unreachable.NOT_LISTED

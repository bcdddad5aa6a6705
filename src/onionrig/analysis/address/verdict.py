"""Judge an onion address: verdict, troubles, and what else to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.address.revisions import seconds_between
from onionrig.analysis.address.troubles import never_used, revisions_held, troubles
from onionrig.analysis.wording import listing
from onionrig.units import counted, rough_duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from onionrig.records.descriptor import DescriptorVariant, HSDirSeen, InstanceSeen


class AddressVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What clients can expect of an address."""

    verdict: str
    """The worst trouble, or a sentence that all is well."""
    troubles: tuple[str, ...]
    notes: tuple[str, ...]


def address_verdict(
    hsdirs: Sequence[HSDirSeen],
    variants: Sequence[DescriptorVariant],
    instances: Sequence[InstanceSeen],
) -> AddressVerdict:
    """Judge what was seen of an address."""
    all_troubles = troubles(hsdirs, variants, instances)
    all_reached = bool(instances) and all(instance.reachable for instance in instances)
    first = all_troubles[0] if all_troubles else _published(hsdirs, variants, instances)
    return AddressVerdict(
        verdict=f"{first}; every instance can be reached" if all_reached else first,
        troubles=all_troubles,
        notes=(
            *(never_used(variants) if instances else ()),
            *_gone_relays(variants),
            *_several_revisions(hsdirs, variants),
            *_stale_instances(instances),
        ),
    )


def _published(
    hsdirs: Sequence[HSDirSeen],
    variants: Sequence[DescriptorVariant],
    instances: Sequence[InstanceSeen],
) -> str:
    held = sum(hsdir.held is not None for hsdir in hsdirs)
    published = f"{counted(len(variants), 'variant')} on {counted(held, 'HSDir')}"
    if instances:
        return published
    points = counted(sum(len(variant.points) for variant in variants), "point")
    return f"{published}; all {points} can be used"


def _gone_relays(variants: Sequence[DescriptorVariant]) -> Iterator[str]:
    for variant in variants:
        gone = [str(point.number) for point in variant.points if point.nickname is None]
        if gone:
            where = "lies on a relay" if len(gone) == 1 else "lie on relays"
            yield (
                f"point {listing(gone)} of variant {variant.number} {where} that the consensus "
                "does not list (any more)"
            )


def _several_revisions(
    hsdirs: Sequence[HSDirSeen], variants: Sequence[DescriptorVariant]
) -> Iterator[str]:
    revisions = revisions_held(hsdirs)
    if len(set().union(*revisions.values())) <= 1:
        return
    for variant in variants:
        held = sorted(revisions[variant.number])
        if len(held) > 1:
            apart = rough_duration_text(seconds_between(held[0], held[-1]))
            yield (
                f"its HSDirs hold {len(held)} revisions of variant {variant.number}, made about "
                f"{apart} apart, with the same points"
            )
    if len({max(held) for held in revisions.values()}) > 1:
        spread = [max(held) for held in revisions.values()]
        apart = rough_duration_text(seconds_between(min(spread), max(spread)))
        yield f"the variants are of different revisions, made about {apart} apart"


def _stale_instances(instances: Sequence[InstanceSeen]) -> Iterator[str]:
    names = [
        instance.name
        for instance in instances
        if instance.own_points is None and instance.reachable is not False
    ]
    if names:
        yield f"{listing(names)}: no HSDir has a descriptor of its own, though points are listed"

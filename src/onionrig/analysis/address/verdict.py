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
    are_all_reachable = bool(instances) and all(instance.reachable for instance in instances)
    first_sentence = (
        all_troubles[0] if all_troubles else _published_text(hsdirs, variants, instances)
    )
    return AddressVerdict(
        verdict=f"{first_sentence}; every instance can be reached"
        if are_all_reachable
        else first_sentence,
        troubles=all_troubles,
        notes=(
            *(never_used(variants) if instances else ()),
            *_gone_relays(variants),
            *_several_revisions(hsdirs, variants),
            *_stale_instances(instances),
        ),
    )


def _published_text(
    hsdirs: Sequence[HSDirSeen],
    variants: Sequence[DescriptorVariant],
    instances: Sequence[InstanceSeen],
) -> str:
    hsdir_count = sum(hsdir.held is not None for hsdir in hsdirs)
    published_text = f"{counted(len(variants), 'variant')} on {counted(hsdir_count, 'HSDir')}"
    if instances:
        return published_text
    points_text = counted(sum(len(variant.points) for variant in variants), "point")
    return f"{published_text}; all {points_text} can be used"


def _gone_relays(variants: Sequence[DescriptorVariant]) -> Iterator[str]:
    for variant in variants:
        point_numbers = [str(point.number) for point in variant.points if point.nickname is None]
        if point_numbers:
            place_text = "lies on a relay" if len(point_numbers) == 1 else "lie on relays"
            yield (
                f"point {listing(point_numbers)} of variant {variant.number} {place_text} that the "
                "consensus "
                "does not list (any more)"
            )


def _several_revisions(
    hsdirs: Sequence[HSDirSeen], variants: Sequence[DescriptorVariant]
) -> Iterator[str]:
    revisions = revisions_held(hsdirs)
    if len(set().union(*revisions.values())) <= 1:
        return
    for variant in variants:
        variant_revisions = sorted(revisions[variant.number])
        if len(variant_revisions) > 1:
            apart_text = rough_duration_text(
                seconds_between(variant_revisions[0], variant_revisions[-1])
            )
            yield (
                f"its HSDirs hold {len(variant_revisions)} revisions of variant {variant.number}, "
                "made about "
                f"{apart_text} apart, with the same points"
            )
    if len({max(variant_revisions) for variant_revisions in revisions.values()}) > 1:
        newest_revisions = [max(variant_revisions) for variant_revisions in revisions.values()]
        apart_text = rough_duration_text(
            seconds_between(min(newest_revisions), max(newest_revisions))
        )
        yield f"the variants are of different revisions, made about {apart_text} apart"


def _stale_instances(instances: Sequence[InstanceSeen]) -> Iterator[str]:
    names = [
        instance.name
        for instance in instances
        if instance.own_points is None and instance.reachable is not False
    ]
    if names:
        yield f"{listing(names)}: no HSDir has a descriptor of its own, though points are listed"

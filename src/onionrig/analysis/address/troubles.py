"""Describe what is wrong with what clients see of an address, the worst first."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from onionrig.analysis.address.revisions import seconds_between
from onionrig.analysis.wording import listing
from onionrig.records.descriptor import (
    Answer,
    DescriptorVariant,
    HSDirSeen,
    InstanceSeen,
    Unreachable,
)
from onionrig.units import counted, rough_duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LATE_SECONDS = 60.0
"""Longest time between the uploads of one publication; a later upload did not come at all."""
OLD = 0.75
"""Share of its lifetime at which a descriptor is old: publishers make a new one well before."""

_ONE = {
    Unreachable.NOT_PUBLISHED: "it has no descriptor of its own: is its tor up?",
    Unreachable.NOT_LISTED: "no descriptor of the address lists a point of its own",
    Unreachable.SHARED_RELAYS: "its points share relays with earlier ones",
}
_SEVERAL = {
    Unreachable.NOT_PUBLISHED: "they have no descriptors of their own: are their tors up?",
    Unreachable.NOT_LISTED: "no descriptor of the address lists points of theirs",
    Unreachable.SHARED_RELAYS: "their points share relays with earlier ones",
}


def troubles(
    hsdirs: Sequence[HSDirSeen],
    variants: Sequence[DescriptorVariant],
    instances: Sequence[InstanceSeen],
) -> tuple[str, ...]:
    """List what keeps clients out, or soon will."""
    return (
        *_nothing(hsdirs),
        *_empty(variants),
        *_unreachable(instances, published=bool(variants)),
        *_of_nobody(variants, instances),
        *(() if instances else never_used(variants)),
        *(_without(hsdirs) if variants else ()),
        *_old(hsdirs),
        *_left_behind(hsdirs, variants),
    )


def _nothing(hsdirs: Sequence[HSDirSeen]) -> Iterator[str]:
    if any(hsdir.held is not None for hsdir in hsdirs):
        return
    if not hsdirs:
        yield "this tor knows no HSDir to ask: is its directory complete?"
    elif all(hsdir.answer is Answer.SILENT for hsdir in hsdirs):
        yield f"none of {counted(len(hsdirs), 'HSDir')} answered: can this tor build circuits?"
    else:
        yield f"nothing is published: {'; '.join(_without(hsdirs))}"


def _without(hsdirs: Sequence[HSDirSeen]) -> Iterator[str]:
    """Name the HSDirs that gave no descriptor, grouped by their answer."""
    answers = {
        Answer.NOTHING: "no descriptor",
        Answer.SILENT: "not answered",
        Answer.REFUSED: "refused",
        Answer.UNREADABLE: "a descriptor that cannot be read",
    }
    for answer, words in answers.items():
        names = [hsdir.nickname for hsdir in hsdirs if hsdir.answer is answer]
        if names:
            have = "has" if len(names) == 1 else "have"
            reasons = {hsdir.reason for hsdir in hsdirs if hsdir.answer is answer}
            shown = answer in {Answer.REFUSED, Answer.UNREADABLE}
            why = f" ({listing(sorted(reasons))})" if shown else ""
            of_all = f"{len(names)} of {counted(len(hsdirs), 'HSDir')}"
            yield f"{of_all} {have} {words}: {listing(names)}{why}"


def _empty(variants: Sequence[DescriptorVariant]) -> Iterator[str]:
    for variant in variants:
        if not variant.points:
            yield f"variant {variant.number} has no introduction point"


def _unreachable(instances: Sequence[InstanceSeen], *, published: bool) -> Iterator[str]:
    """Name the instances that cannot be reached, grouped by reason."""
    names: dict[Unreachable, list[str]] = defaultdict(list)
    for instance in instances:
        if instance.reachable is False and instance.unreachable is not None:
            names[instance.unreachable].append(instance.name)
    for reason in Unreachable if published else (Unreachable.NOT_PUBLISHED,):
        if names[reason]:
            why = (_ONE if len(names[reason]) == 1 else _SEVERAL)[reason]
            yield f"{listing(names[reason])} cannot be reached: {why}"


def _of_nobody(
    variants: Sequence[DescriptorVariant], instances: Sequence[InstanceSeen]
) -> Iterator[str]:
    """Count the points whose instance is unknown, if instances are known at all."""
    if not instances:
        return
    doubtful = [instance.name for instance in instances if instance.reachable is None]
    for variant in variants:
        count = sum(point.instance is None for point in variant.points)
        if count:
            so = f"; {listing(doubtful)} may have them, or be out of reach" if doubtful else ""
            yield (
                f"{counted(count, 'point')} of variant {variant.number} "
                f"{'is' if count == 1 else 'are'} in no instance's own descriptor (any more){so}"
            )


def _old(hsdirs: Sequence[HSDirSeen]) -> Iterator[str]:
    late = [
        hsdir
        for hsdir in hsdirs
        if hsdir.held is not None
        and hsdir.held.age.seconds - hsdir.held.age.within_seconds
        > OLD * hsdir.held.lifetime_seconds
    ]
    ages = [hsdir.held.age.seconds for hsdir in late if hsdir.held is not None]
    if ages:
        names = listing([hsdir.nickname for hsdir in late])
        yield (
            f"nobody renews it: the descriptor on {names} was "
            f"made about {rough_duration_text(max(ages))} ago"
        )


def _left_behind(
    hsdirs: Sequence[HSDirSeen], variants: Sequence[DescriptorVariant]
) -> Iterator[str]:
    """Name the HSDirs whose other descriptor is older than one publication takes."""
    newest = max((max(held) for held in revisions_held(hsdirs).values()), default=0)
    for variant in variants:
        seconds = seconds_between(max(revisions_held(hsdirs)[variant.number]), newest)
        if seconds > LATE_SECONDS:
            yield (
                f"variant {variant.number} is about {rough_duration_text(seconds)} older than the "
                f"newest: an upload to {listing(_names(hsdirs, variant))} may have failed"
            )


def never_used(variants: Sequence[DescriptorVariant]) -> Iterator[str]:
    """Count the points that clients never use, by variant."""
    for variant in variants:
        count = sum(point.same_relay_as is not None for point in variant.points)
        if count:
            share = "it shares its relay" if count == 1 else "they share relays"
            yield (
                f"{count} of {counted(len(variant.points), 'point')} of variant {variant.number} "
                f"{'is' if count == 1 else 'are'} never used: {share} with an earlier one"
            )


def revisions_held(hsdirs: Sequence[HSDirSeen]) -> dict[int, set[int]]:
    """Return the revisions of each variant, by its number."""
    revisions: dict[int, set[int]] = defaultdict(set)
    for hsdir in hsdirs:
        if hsdir.held is not None:
            revisions[hsdir.held.variant].add(hsdir.held.revision)
    return dict(revisions)


def _names(hsdirs: Sequence[HSDirSeen], variant: DescriptorVariant) -> list[str]:
    return [hsdir.nickname for hsdir in hsdirs if hsdir.fingerprint in variant.hsdirs]

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

_REASONS_OF_ONE = {
    Unreachable.NOT_PUBLISHED: "it has no descriptor of its own: is its tor up?",
    Unreachable.NOT_LISTED: "no descriptor of the address lists a point of its own",
    Unreachable.SHARED_RELAYS: "its points share relays with earlier ones",
}
_REASONS_OF_SEVERAL = {
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
        *_nothing_published(hsdirs),
        *_empty_variants(variants),
        *_unreachable(instances, is_published=bool(variants)),
        *_foreign_points(variants, instances),
        *(() if instances else never_used(variants)),
        *(_hsdirs_without_descriptor(hsdirs) if variants else ()),
        *_old_descriptors(hsdirs),
        *_outdated_variants(hsdirs, variants),
    )


def _nothing_published(hsdirs: Sequence[HSDirSeen]) -> Iterator[str]:
    if any(hsdir.held is not None for hsdir in hsdirs):
        return
    if not hsdirs:
        yield "this tor knows no HSDir to ask: is its directory complete?"
    elif all(hsdir.answer is Answer.SILENT for hsdir in hsdirs):
        yield f"none of {counted(len(hsdirs), 'HSDir')} answered: can this tor build circuits?"
    else:
        yield f"nothing is published: {'; '.join(_hsdirs_without_descriptor(hsdirs))}"


def _hsdirs_without_descriptor(hsdirs: Sequence[HSDirSeen]) -> Iterator[str]:
    """Name the HSDirs that gave no descriptor, grouped by their answer."""
    answers = {
        Answer.NOTHING: "no descriptor",
        Answer.SILENT: "not answered",
        Answer.REFUSED: "refused",
        Answer.UNREADABLE: "a descriptor that cannot be read",
    }
    for answer, answer_text in answers.items():
        names = [hsdir.nickname for hsdir in hsdirs if hsdir.answer is answer]
        if names:
            verb = "has" if len(names) == 1 else "have"
            reasons = {hsdir.reason for hsdir in hsdirs if hsdir.answer is answer}
            is_reason_shown = answer in {Answer.REFUSED, Answer.UNREADABLE}
            reasons_text = f" ({listing(sorted(reasons))})" if is_reason_shown else ""
            count_text = f"{len(names)} of {counted(len(hsdirs), 'HSDir')}"
            yield f"{count_text} {verb} {answer_text}: {listing(names)}{reasons_text}"


def _empty_variants(variants: Sequence[DescriptorVariant]) -> Iterator[str]:
    for variant in variants:
        if not variant.points:
            yield f"variant {variant.number} has no introduction point"


def _unreachable(instances: Sequence[InstanceSeen], *, is_published: bool) -> Iterator[str]:
    """Name the instances that cannot be reached, grouped by reason."""
    names: dict[Unreachable, list[str]] = defaultdict(list)
    for instance in instances:
        if instance.reachable is False and instance.unreachable is not None:
            names[instance.unreachable].append(instance.name)
    for reason in Unreachable if is_published else (Unreachable.NOT_PUBLISHED,):
        if names[reason]:
            explanation = (_REASONS_OF_ONE if len(names[reason]) == 1 else _REASONS_OF_SEVERAL)[
                reason
            ]
            yield f"{listing(names[reason])} cannot be reached: {explanation}"


def _foreign_points(
    variants: Sequence[DescriptorVariant], instances: Sequence[InstanceSeen]
) -> Iterator[str]:
    """Count the points whose instance is unknown, if instances are known at all."""
    if not instances:
        return
    doubtful_names = [instance.name for instance in instances if instance.reachable is None]
    for variant in variants:
        count = sum(point.instance is None for point in variant.points)
        if count:
            doubt_text = (
                f"; {listing(doubtful_names)} may have them, or be out of reach"
                if doubtful_names
                else ""
            )
            yield (
                f"{counted(count, 'point')} of variant {variant.number} "
                f"{'is' if count == 1 else 'are'} in no instance's own descriptor (any "
                f"more){doubt_text}"
            )


def _old_descriptors(hsdirs: Sequence[HSDirSeen]) -> Iterator[str]:
    old_hsdirs = [
        hsdir
        for hsdir in hsdirs
        if hsdir.held is not None
        and hsdir.held.age.seconds - hsdir.held.age.within_seconds
        > OLD * hsdir.held.lifetime_seconds
    ]
    ages = [hsdir.held.age.seconds for hsdir in old_hsdirs if hsdir.held is not None]
    if ages:
        names = listing([hsdir.nickname for hsdir in old_hsdirs])
        yield (
            f"nobody renews it: the descriptor on {names} was "
            f"made about {rough_duration_text(max(ages))} ago"
        )


def _outdated_variants(
    hsdirs: Sequence[HSDirSeen], variants: Sequence[DescriptorVariant]
) -> Iterator[str]:
    """Name the HSDirs whose other descriptor is older than one publication takes."""
    newest_revision = max(
        (max(revisions) for revisions in revisions_held(hsdirs).values()), default=0
    )
    for variant in variants:
        seconds = seconds_between(max(revisions_held(hsdirs)[variant.number]), newest_revision)
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
            share_text = "it shares its relay" if count == 1 else "they share relays"
            yield (
                f"{count} of {counted(len(variant.points), 'point')} of variant {variant.number} "
                f"{'is' if count == 1 else 'are'} never used: {share_text} with an earlier one"
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

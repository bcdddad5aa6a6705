"""Compare two looks at an address: one line per change."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from onionrig.analysis.wording import listing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onionrig.records.descriptor import AddressSeen, DescriptorVariant, HSDirSeen

SAME = "the same points"


def changes(before: AddressSeen, after: AddressSeen) -> tuple[str, ...]:
    """Return what has changed, the verdict last; the passage of time is not a change."""
    lines = (*_changed_hsdirs(before, after), *_answers(before, after), *_instances(before, after))
    if before.verdict != after.verdict:
        return (*lines, f"now: {after.verdict}")
    return lines


def _changed_hsdirs(before: AddressSeen, after: AddressSeen) -> Iterator[str]:
    """Name the HSDirs that came and went: with a time period, or as relays join and leave."""
    previous_names = {hsdir.fingerprint: hsdir.nickname for hsdir in before.hsdirs}
    current_names = {hsdir.fingerprint: hsdir.nickname for hsdir in after.hsdirs}
    if before.time_period != after.time_period:
        yield (
            f"time period {after.time_period} began: clients ask "
            f"{listing([*current_names.values()])}"
        )
        return
    added_names = [
        name for fingerprint, name in current_names.items() if fingerprint not in previous_names
    ]
    removed_names = [
        name for fingerprint, name in previous_names.items() if fingerprint not in current_names
    ]
    if added_names:
        yield f"clients now ask {listing(added_names)}"
    if removed_names:
        yield f"clients no longer ask {listing(removed_names)}"


def _answers(before: AddressSeen, after: AddressSeen) -> Iterator[str]:
    """Describe what changed on HSDirs; those with the same change share a line."""
    previous_hsdirs = {hsdir.fingerprint: hsdir for hsdir in before.hsdirs}
    names_by_change: dict[str, list[str]] = defaultdict(list)
    for hsdir in after.hsdirs:
        previous_hsdir = previous_hsdirs.get(hsdir.fingerprint)
        change = (
            None if previous_hsdir is None else _hsdir_change(previous_hsdir, hsdir, before, after)
        )
        if change:
            names_by_change[change].append(hsdir.nickname)
    for change, names in names_by_change.items():
        yield f"{listing(names)}: {change}"


def _hsdir_change(
    previous_hsdir: HSDirSeen, hsdir: HSDirSeen, before: AddressSeen, after: AddressSeen
) -> str | None:
    if previous_hsdir.held is None or hsdir.held is None:
        return (
            None
            if previous_hsdir.answer is hsdir.answer
            else f"{previous_hsdir.answer} → {hsdir.answer}"
        )
    old_variant, new_variant = (
        _variant(before, previous_hsdir.held.variant),
        _variant(after, hsdir.held.variant),
    )
    change = ", ".join((*_points(old_variant, new_variant), *_flags(old_variant, new_variant)))
    if previous_hsdir.held.revision == hsdir.held.revision and change == SAME:
        return None
    return f"revision {previous_hsdir.held.revision} → {hsdir.held.revision}, {change}"


def _variant(address_seen: AddressSeen, number: int) -> DescriptorVariant:
    (numbered_variant,) = (variant for variant in address_seen.variants if variant.number == number)
    return numbered_variant


def _points(old_variant: DescriptorVariant, new_variant: DescriptorVariant) -> Iterator[str]:
    previous_owners, current_owners = _owners(old_variant), _owners(new_variant)
    added_owners = sorted(
        {owner for key, owner in current_owners.items() if key not in previous_owners}
    )
    removed_owners = sorted(
        {owner for key, owner in previous_owners.items() if key not in current_owners}
    )
    if not added_owners and not removed_owners:
        yield (
            SAME
            if list(previous_owners) == list(current_owners)
            else "the same points in another order"
        )
        return
    yield f"{len(current_owners)} points"
    if added_owners:
        yield f"new from {listing(added_owners)}"
    if removed_owners:
        yield f"removed from {listing(removed_owners)}"


def _owners(variant: DescriptorVariant) -> dict[str, str]:
    """Return the owner of each point by the point's key, in order."""
    return {
        point.key: point.instance or f"point on {point.nickname or point.relay[:8]}"
        for point in variant.points
    }


def _flags(old_variant: DescriptorVariant, new_variant: DescriptorVariant) -> Iterator[str]:
    if old_variant.flow_control != new_variant.flow_control:
        yield (
            f"flow-control {new_variant.flow_control or 'none'} instead of "
            f"{old_variant.flow_control or 'none'}"
        )
    if old_variant.single_hop != new_variant.single_hop:
        yield (
            "now single-onion-service"
            if new_variant.single_hop
            else "no longer single-onion-service"
        )


def _instances(before: AddressSeen, after: AddressSeen) -> Iterator[str]:
    previously_reachable = {instance.name: instance.reachable for instance in before.instances}
    state_texts = {True: "can be reached again", False: "cannot be reached", None: "is in doubt"}
    for instance in after.instances:
        if previously_reachable.get(instance.name, instance.reachable) is not instance.reachable:
            yield f"{instance.name} {state_texts[instance.reachable]}"

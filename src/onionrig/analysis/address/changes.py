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
    lines = (*_places(before, after), *_answers(before, after), *_instances(before, after))
    if before.verdict != after.verdict:
        return (*lines, f"now: {after.verdict}")
    return lines


def _places(before: AddressSeen, after: AddressSeen) -> Iterator[str]:
    """Name the HSDirs that came and went: with a time period, or as relays join and leave."""
    earlier = {hsdir.fingerprint: hsdir.nickname for hsdir in before.hsdirs}
    later = {hsdir.fingerprint: hsdir.nickname for hsdir in after.hsdirs}
    if before.time_period != after.time_period:
        yield f"time period {after.time_period} began: clients ask {listing([*later.values()])}"
        return
    came = [name for fingerprint, name in later.items() if fingerprint not in earlier]
    went = [name for fingerprint, name in earlier.items() if fingerprint not in later]
    if came:
        yield f"clients now ask {listing(came)}"
    if went:
        yield f"clients no longer ask {listing(went)}"


def _answers(before: AddressSeen, after: AddressSeen) -> Iterator[str]:
    """Describe what changed on HSDirs; those with the same change share a line."""
    earlier = {hsdir.fingerprint: hsdir for hsdir in before.hsdirs}
    names_by_change: dict[str, list[str]] = defaultdict(list)
    for hsdir in after.hsdirs:
        known = earlier.get(hsdir.fingerprint)
        change = None if known is None else _of_hsdir(known, hsdir, before, after)
        if change:
            names_by_change[change].append(hsdir.nickname)
    for change, names in names_by_change.items():
        yield f"{listing(names)}: {change}"


def _of_hsdir(
    known: HSDirSeen, hsdir: HSDirSeen, before: AddressSeen, after: AddressSeen
) -> str | None:
    if known.held is None or hsdir.held is None:
        return None if known.answer is hsdir.answer else f"{known.answer} → {hsdir.answer}"
    old, new = _variant(before, known.held.variant), _variant(after, hsdir.held.variant)
    change = ", ".join((*_points(old, new), *_flags(old, new)))
    if known.held.revision == hsdir.held.revision and change == SAME:
        return None
    return f"revision {known.held.revision} → {hsdir.held.revision}, {change}"


def _variant(seen: AddressSeen, number: int) -> DescriptorVariant:
    (held,) = (variant for variant in seen.variants if variant.number == number)
    return held


def _points(old: DescriptorVariant, new: DescriptorVariant) -> Iterator[str]:
    earlier, later = _owners(old), _owners(new)
    came = sorted({owner for key, owner in later.items() if key not in earlier})
    went = sorted({owner for key, owner in earlier.items() if key not in later})
    if not came and not went:
        yield SAME if list(earlier) == list(later) else "the same points in another order"
        return
    yield f"{len(later)} points"
    if came:
        yield f"new from {listing(came)}"
    if went:
        yield f"removed from {listing(went)}"


def _owners(variant: DescriptorVariant) -> dict[str, str]:
    """Return the owner of each point by the point's key, in order."""
    return {
        point.key: point.instance or f"point on {point.nickname or point.relay[:8]}"
        for point in variant.points
    }


def _flags(old: DescriptorVariant, new: DescriptorVariant) -> Iterator[str]:
    if old.flow_control != new.flow_control:
        yield f"flow-control {new.flow_control or 'none'} instead of {old.flow_control or 'none'}"
    if old.single_hop != new.single_hop:
        yield "now single-onion-service" if new.single_hop else "no longer single-onion-service"


def _instances(before: AddressSeen, after: AddressSeen) -> Iterator[str]:
    earlier = {instance.name: instance.reachable for instance in before.instances}
    words = {True: "can be reached again", False: "cannot be reached", None: "is in doubt"}
    for instance in after.instances:
        if earlier.get(instance.name, instance.reachable) is not instance.reachable:
            yield f"{instance.name} {words[instance.reachable]}"

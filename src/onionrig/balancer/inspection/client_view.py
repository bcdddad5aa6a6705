"""Turn HSDirs' answers about an address into what its clients see."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.address.revisions import time_made
from onionrig.analysis.address.verdict import address_verdict
from onionrig.balancer.inspection.reached_instances import Instance, instances_seen
from onionrig.records.descriptor import (
    AddressSeen,
    Age,
    DescriptorVariant,
    HeldDescriptor,
    HSDirSeen,
    PointSeen,
)
from onionrig.tor.hash_ring import KnownNetwork, TimePeriod
from onionrig.tor.hsdirs import HSDirReply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onionrig.tor.descriptors import Descriptor


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """The address that is looked at."""

    address: str
    run: str | None = None
    """The run whose rig it belongs to."""
    instances: dict[str, str] = {}
    """Addresses of the backend instances by name, if they are known."""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """The raw results of one look."""

    subject: Subject
    asked: str
    """The tor that was asked."""
    now_seconds: float
    network: KnownNetwork
    period: TimePeriod
    replies: tuple[HSDirReply, ...]
    instances: dict[str, Instance]
    """Instances by name."""
    first_seen_seconds: dict[tuple[str, int], float]
    """The time when each revision was first seen, by HSDir and revision."""


def address_seen(looked: Looked) -> AddressSeen:
    """Return what clients of the address see."""
    distinct = _distinct(looked.replies)
    variants = tuple(
        _variant(number, descriptor, looked)
        for number, descriptor in enumerate(distinct.values(), start=1)
    )
    numbers = {content: number for number, content in enumerate(distinct, start=1)}
    hsdirs = tuple(_hsdir(reply, numbers, looked) for reply in looked.replies)
    instances = instances_seen(list(distinct.values()), variants, looked.instances)
    verdict = address_verdict(hsdirs, variants, instances)
    return AddressSeen(
        address=looked.subject.address,
        run=looked.subject.run,
        asked=looked.asked,
        time=_utc(looked.now_seconds),
        time_period=looked.period.number,
        period_ends=_utc(looked.period.ends_seconds),
        healthy=not verdict.troubles,
        verdict=verdict.verdict,
        troubles=verdict.troubles,
        notes=verdict.notes,
        hsdirs=hsdirs,
        variants=variants,
        instances=instances,
    )


Content = tuple[object, ...]


def _content(descriptor: Descriptor) -> Content:
    """Return what makes a descriptor distinct for a client, which excludes its revision."""
    return descriptor.points, descriptor.flow_control, descriptor.single_hop


def _distinct(replies: Sequence[HSDirReply]) -> dict[Content, Descriptor]:
    """Return the distinct descriptors, in the order of the HSDirs that have them."""
    descriptors: dict[Content, Descriptor] = {}
    for reply in replies:
        if reply.descriptor is not None:
            descriptors.setdefault(_content(reply.descriptor), reply.descriptor)
    return descriptors


def _variant(number: int, descriptor: Descriptor, looked: Looked) -> DescriptorVariant:
    holders = [reply for reply in looked.replies if reply.descriptor is not None]
    hsdirs = tuple(
        reply.hsdir.relay.fingerprint
        for reply in holders
        if reply.descriptor is not None and _content(reply.descriptor) == _content(descriptor)
    )
    owners = {
        point.key: name for name, instance in looked.instances.items() for point in instance.points
    }
    nicknames = {relay.fingerprint: relay.nickname for relay in looked.network.relays}
    first: dict[str, int] = {}
    points = []
    for place, point in enumerate(descriptor.points, start=1):
        earlier = first.setdefault(point.relay, place)
        points.append(
            PointSeen(
                number=place,
                key=point.key,
                relay=point.relay,
                nickname=nicknames.get(point.relay),
                instance=owners.get(point.key),
                same_relay_as=None if earlier == place else earlier,
            )
        )
    return DescriptorVariant(
        number=number,
        hsdirs=hsdirs,
        share=len(hsdirs) / len(holders),
        flow_control=descriptor.flow_control,
        single_hop=descriptor.single_hop,
        points=tuple(points),
    )


def _hsdir(reply: HSDirReply, numbers: Mapping[Content, int], looked: Looked) -> HSDirSeen:
    relay = reply.hsdir.relay
    descriptor = reply.descriptor
    return HSDirSeen(
        fingerprint=relay.fingerprint,
        nickname=relay.nickname,
        replica=reply.hsdir.replica,
        answer=reply.answer,
        reason=reply.reason,
        held=None
        if descriptor is None
        else HeldDescriptor(
            variant=numbers[_content(descriptor)],
            revision=descriptor.revision,
            size_bytes=descriptor.size_bytes,
            lifetime_seconds=descriptor.lifetime_seconds,
            valid_until=_utc(descriptor.valid_until_seconds),
            age=_age(descriptor, looked),
            seen_for_seconds=looked.now_seconds
            - looked.first_seen_seconds.get(
                (relay.fingerprint, descriptor.revision), looked.now_seconds
            ),
        ),
    )


def _age(descriptor: Descriptor, looked: Looked) -> Age:
    when, by_revision = time_made(
        descriptor.revision,
        counted_from_seconds=looked.period.random_since_seconds,
        valid_until_seconds=descriptor.valid_until_seconds,
        now_seconds=looked.now_seconds,
    )
    return Age(
        seconds=looked.now_seconds - when.middle_seconds,
        within_seconds=when.within_seconds,
        by="revision" if by_revision else "certificate",
    )


def _utc(seconds: float) -> str:
    when = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    return when.isoformat(timespec="seconds")

"""Onion service descriptors: their introduction points, in order, as a client reads them."""

from __future__ import annotations

import msgspec
from stem.client.datatype import LinkByFingerprint
from stem.descriptor.hidden_service import HiddenServiceDescriptorV3


class IntroductionPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A place where an onion service can be introduced to."""

    key: str
    """Its authentication key: an introduction point keeps it in every descriptor it stands in."""
    relay: str
    """Fingerprint of the relay it lies on."""


class Descriptor(msgspec.Struct, frozen=True, kw_only=True):
    """A descriptor as far as a rig looks into it."""

    revision: int
    points: tuple[IntroductionPoint, ...]


def decrypted(text: str, address: str) -> Descriptor:
    """Read and decrypt a v3 descriptor (torspec: rend-spec-v3). Raises ValueError."""
    document = HiddenServiceDescriptorV3.from_str(text)
    inner = document.decrypt(address)
    return Descriptor(
        revision=document.revision_counter,
        points=tuple(
            IntroductionPoint(
                key=point.auth_key_cert.key.hex(), relay=_relay(point.link_specifiers)
            )
            for point in inner.introduction_points
        ),
    )


def reachable(points: tuple[IntroductionPoint, ...]) -> tuple[IntroductionPoint, ...]:
    """Return the points that a client can use: the first on each relay.

    A client picks a point, but then uses the first point in the descriptor that lies on that
    point's relay (tor: src/feature/hs/hs_client.c, find_desc_intro_point_by_legacy_id and
    find_desc_intro_point_by_ident); later ones on the same relay are dead weight.
    """
    first: dict[str, IntroductionPoint] = {}
    for point in points:
        first.setdefault(point.relay, point)
    return tuple(first.values())


def _relay(specifiers: list[object]) -> str:
    (relay,) = (
        specifier.fingerprint
        for specifier in specifiers
        if isinstance(specifier, LinkByFingerprint)
    )
    return relay.hex() if isinstance(relay, bytes) else str(relay)

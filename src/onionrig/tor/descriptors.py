"""Onion service descriptors: their introduction points, in order, as a client reads them."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import msgspec
from stem.client.datatype import LinkByFingerprint
from stem.descriptor.hidden_service import HiddenServiceDescriptorV3

from onionrig.units import SECONDS_A_MINUTE

if TYPE_CHECKING:
    from stem.descriptor.hidden_service import InnerLayer


class IntroductionPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A place where clients can be introduced to an onion service."""

    key: str
    """Its authentication key, which it keeps in every descriptor that lists it."""
    relay: str
    """Fingerprint of its relay: hex, upper case."""


class Descriptor(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a descriptor that a rig looks at."""

    revision: int
    points: tuple[IntroductionPoint, ...]
    flow_control: str | None = None
    """The rest of the ``flow-control`` line in the inner layer, such as ``1-2 31``: versions, and
    the cells that a SENDME acknowledges. None without such a line: clients then use no congestion
    control."""
    single_hop: bool = False
    """Whether it has a ``single-onion-service`` line."""
    size_bytes: int = 0
    lifetime_seconds: int = 0
    """Time for which an HSDir keeps it."""
    valid_until_seconds: float = 0.0
    """Expiry of its signing key's certificate, in seconds since the epoch; whole hours."""


def decrypted(text: str, address: str) -> Descriptor:
    """Read and decrypt a v3 descriptor (torspec: rend-spec-v3). Raises ValueError."""
    document = HiddenServiceDescriptorV3.from_str(text)
    inner = document.decrypt(address)
    return Descriptor(
        revision=document.revision_counter,
        flow_control=_flow_control(inner),
        single_hop=inner.is_single_service,
        size_bytes=len(text.encode()),
        lifetime_seconds=document.lifetime * SECONDS_A_MINUTE,
        valid_until_seconds=_since_epoch(document.signing_cert.expiration),
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


def _flow_control(inner: InnerLayer) -> str | None:
    for line in inner.get_unrecognized_lines():
        keyword, _, rest = line.partition(" ")
        if keyword == "flow-control":
            return str(rest)
    return None


def _since_epoch(utc: datetime.datetime) -> float:
    return utc.replace(tzinfo=datetime.UTC).timestamp()


def _relay(specifiers: list[object]) -> str:
    """Return the fingerprint of the relay that link specifiers lead to.

    It is made from the bytes: stem's own fingerprint is those bytes read as UTF-8.
    """
    (relay,) = (
        specifier.value for specifier in specifiers if isinstance(specifier, LinkByFingerprint)
    )
    return bytes(relay).hex().upper()

"""Map introduction points to the instances that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onionbalance.hs_v3.onionbalance import my_onionbalance
from stem.client.datatype import LinkByFingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onionbalance.hs_v3.instance import InstanceV3
    from stem.descriptor.hidden_service import IntroductionPointV3


def key_of(point: IntroductionPointV3) -> bytes:
    """Return a point's authentication key, which it keeps in every descriptor that lists it."""
    key: bytes = point.auth_key_cert.key
    return key


def owners() -> Mapping[bytes, InstanceV3]:
    """Return the owner of each point, by authentication key, as far as descriptors are known."""
    return {
        key_of(point): instance
        for instance in all_instances()
        if instance.descriptor
        for point in instance.descriptor.get_intro_points()
    }


def all_instances() -> list[InstanceV3]:
    """Return the instances of every service, in the configuration's order."""
    services: list[Any] = getattr(my_onionbalance, "services", [])
    return [instance for service in services for instance in service.instances]


def relay_of(point: IntroductionPointV3) -> bytes:
    """Return the fingerprint of the relay that a point lies on."""
    (fingerprint,) = (
        specifier.fingerprint
        for specifier in point.link_specifiers
        if isinstance(specifier, LinkByFingerprint)
    )
    return fingerprint if isinstance(fingerprint, bytes) else fingerprint.encode()

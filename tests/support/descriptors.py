"""Onion service descriptors made with stem, as instances publish them."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from onionbalance.common.instance import Instance
from onionbalance.hs_v3.descriptor import ReceivedDescriptor
from stem.client.datatype import LinkByFingerprint, LinkByIPv4
from stem.descriptor.hidden_service import (
    HiddenServiceDescriptorV3,
    InnerLayer,
    IntroductionPointV3,
)

FLOW_CONTROL = {"flow-control": "1-2 31"}


def point(relay):
    """Return an introduction point on the relay of this number."""
    return IntroductionPointV3.create_for_link_specifiers(
        [LinkByIPv4("127.0.0.1", 9001), LinkByFingerprint(bytes([relay]) * 20)]
    )


def descriptor(*relays, lines=None, key=None):
    """Return text and address (without .onion) of an instance's descriptor."""
    key = key or Ed25519PrivateKey.generate()
    text = str(
        HiddenServiceDescriptorV3.create(
            identity_key=key,
            inner_layer=InnerLayer.create(
                attr=lines, introduction_points=[point(relay) for relay in relays]
            ),
        )
    )
    public = key.public_key().public_bytes_raw()
    return text, HiddenServiceDescriptorV3.address_from_identity_key(public).removesuffix(".onion")


def instance(*relays, lines=None):
    """Return an instance as Onionbalance has it once its descriptor has come."""
    text, address = descriptor(*relays, lines=lines)
    made = Instance(None, address)
    made.descriptor = ReceivedDescriptor(text, address)
    made.intro_set_modified_timestamp = None
    return made

"""Onion addresses: recognised in text, and made from a service's key."""

from __future__ import annotations

import re

from stem.descriptor.hidden_service import HiddenServiceDescriptorV3

from onionrig.errors import UsageError

_LOOKS_LIKE_ONE = re.compile(r"[a-z2-7]{56}")


def address_from_text(text: str) -> str | None:
    """Return a v3 address with its ``.onion``, or None if the text does not look like one.

    Raises UsageError if it looks like one but is not: one wrong letter breaks its checksum.
    """
    name = text.strip().lower().removesuffix(".onion")
    if not text.strip().lower().endswith(".onion") and not _LOOKS_LIKE_ONE.fullmatch(name):
        return None
    try:
        HiddenServiceDescriptorV3.identity_key_from_address(name)
    except ValueError as error:
        raise UsageError(f"{text} is no v3 onion address: {error}") from error
    return f"{name}.onion"


def address_from_key(public_key: bytes) -> str:
    """Return the v3 address of an onion service's ed25519 key, with its ``.onion``."""
    address: str = HiddenServiceDescriptorV3.address_from_identity_key(public_key)
    return address

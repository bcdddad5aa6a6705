"""The network as a tor knows it: its consensus and its relays' ed25519 keys."""

from __future__ import annotations

import asyncio
import base64
import io
from datetime import UTC
from typing import TYPE_CHECKING

import stem.descriptor
from stem.descriptor.networkstatus import NetworkStatusDocumentV3

from onionrig.errors import NoTorToAsk
from onionrig.tor.hash_ring import KnownNetwork, KnownRelay

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping

    from stem.descriptor.router_status_entry import RouterStatusEntryMicroV3

    from onionrig.tor.control import Control

V3_HSDIR = 2
"""The version of the HSDir subprotocol that keeps v3 descriptors (torspec: tor-spec)."""


async def known_network(control: Control) -> KnownNetwork:
    """Ask a tor for its consensus and microdescriptors. Raises NoTorToAsk if it has none."""
    consensus = await control.info("dir/status-vote/current/consensus-microdesc")
    if not consensus:
        raise NoTorToAsk("this tor has no consensus: has it bootstrapped? (see its log)")
    microdescriptors = await control.info("md/all")
    testing = await control.is_testing()
    return await asyncio.to_thread(network_from, consensus, microdescriptors or "", testing=testing)


async def consensus_time(control: Control) -> str | None:
    """Return the time of a tor's consensus, in tor's words: a cheap way to see that it changed."""
    return await control.info("consensus/valid-after")


class FollowedNetwork:
    """The network as a tor knows it, read again whenever the tor has a new consensus."""

    def __init__(self) -> None:
        self._time: str | None = None
        self._network: KnownNetwork | None = None

    async def current(self, control: Control) -> KnownNetwork:
        """Return the network as it is now. Raises NoTorToAsk if the tor has no consensus."""
        time = await consensus_time(control)
        if self._network is None or time != self._time:
            self._network = await known_network(control)
            self._time = time
        return self._network


def network_from(consensus: str, microdescriptors: str, *, testing: bool) -> KnownNetwork:
    """Read a microdescriptor consensus with its microdescriptors (torspec: dir-spec)."""
    document = NetworkStatusDocumentV3(consensus.encode())
    identities = _identities(microdescriptors)
    valid_after = _seconds(document.valid_after)
    return KnownNetwork(
        valid_after_seconds=valid_after,
        voting_interval_seconds=_seconds(document.fresh_until) - valid_after,
        testing=testing,
        parameters=dict(document.params),
        current_random=_value(document.shared_randomness_current_value),
        previous_random=_value(document.shared_randomness_previous_value),
        relays=tuple(_relay(entry, identities) for entry in document.routers.values()),
    )


def _identities(microdescriptors: str) -> dict[str, bytes | None]:
    """Return the relays' ed25519 keys, by digest of the microdescriptor.

    The newline at the end belongs to the last one, whose digest differs without it: stem strips it
    from an answer, and so loses that relay where it looks itself (stem 1.8: control.py,
    get_microdescriptors), and with it Onionbalance.
    """
    text = f"{microdescriptors.rstrip()}\n".encode()
    descriptors = stem.descriptor.parse_file(io.BytesIO(text), "microdescriptor 1.0")
    return {
        descriptor.digest(): _value(descriptor.identifiers.get("ed25519"))
        for descriptor in descriptors
    }


def _relay(entry: RouterStatusEntryMicroV3, identities: Mapping[str, bytes | None]) -> KnownRelay:
    return KnownRelay(
        fingerprint=entry.fingerprint,
        nickname=entry.nickname,
        hsdir="HSDir" in entry.flags and V3_HSDIR in entry.protocols.get("HSDir", ()),
        identity=identities.get(entry.microdescriptor_digest),
    )


def _value(text: str | None) -> bytes | None:
    """Return the bytes of base64 text, with or without its padding."""
    return None if text is None else base64.b64decode(f"{text}{'=' * (-len(text) % 4)}")


def _seconds(utc: datetime.datetime) -> int:
    return int(utc.replace(tzinfo=UTC).timestamp())

"""Place descriptors on every HSDir that clients ask.

Two defects of stock Onionbalance 0.2.4 leave some of them out. It reads the microdescriptors by
stem, which loses the last line's end of ``GETINFO md/all``: the digest of the last one is wrong,
and its relay is missing from the ring (hs_v3/consensus.py). And if a replica's places wrap around
the ring's end it takes the first one twice and then stops (hs_v3/hashring.py); on the public
network it then treats the ring as empty, and does not publish that descriptor at all.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import stem.control
import stem.descriptor
from onionbalance.hs_v3 import hashring, params

from onionrig.tor import hash_ring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stem.descriptor.microdescriptor import Microdescriptor


def replace() -> None:
    """Replace ``Controller.get_microdescriptors`` and ``hashring.get_responsible_hsdirs``."""
    stem.control.Controller.get_microdescriptors = microdescriptors
    hashring.get_responsible_hsdirs = responsible_hsdirs


def microdescriptors(controller: stem.control.Controller) -> Iterator[Microdescriptor]:
    """Yield all microdescriptors that a tor knows, including the last one."""
    content: bytes = controller.get_info("md/all", get_bytes=True)
    if not content:
        raise stem.DescriptorUnavailable("tor knows no microdescriptors (yet)")
    yield from stem.descriptor.parse_file(
        io.BytesIO(content.rstrip() + b"\n"), "microdescriptor 1.0"
    )


def responsible_hsdirs(
    blinded_key: bytes,
    is_first_descriptor: bool,  # noqa: FBT001 - as stock calls it
    spread: int | None = None,
) -> list[str]:
    """Return the HSDirs of a descriptor: ``spread`` places of each replica.

    The default is as many as descriptors are stored at. Raises EmptyHashRing.
    """
    ring = {
        index: node.get_hex_fingerprint()
        for index, node in hashring._get_hash_ring_for_descriptor(is_first_descriptor).items()  # noqa: SLF001 - its ring
    }
    if not ring:
        raise hashring.EmptyHashRing
    return relays_for_replicas(
        ring,
        [
            hashring._get_hidden_service_index(blinded_key, replica, is_first_descriptor)  # noqa: SLF001 - its places
            for replica in range(1, params.HSDIR_N_REPLICAS + 1)
        ],
        params.HSDIR_SPREAD_STORE if spread is None else spread,
    )


def relays_for_replicas(ring: dict[bytes, str], replicas: list[bytes], spread: int) -> list[str]:
    """Return, for each replica, the next relays of the ring from its place that have none yet."""
    by_replica = hash_ring.relays_by_replica(ring.items(), replicas, spread)
    return [relay for relays in by_replica for relay in relays]

"""Compute the HSDirs that a client asks for a v3 descriptor, as tor does.

torspec: rend-spec-v3, sections [TIME-PERIODS], [HASHRING] and [KEYBLIND]; tor:
src/feature/hs/hs_common.c, src/feature/nodelist/nodelist.c (node_set_hsdir_index).
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from typing import TYPE_CHECKING, TypeVar

import msgspec
from stem.descriptor.hidden_service import HiddenServiceDescriptorV3, _blinded_pubkey

from onionrig.units import SECONDS_A_MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Relay = TypeVar("Relay")

ROUNDS_A_PHASE = 12
ROUNDS_A_RUN = 2 * ROUNDS_A_PHASE
"""Rounds of the authorities' protocol that makes the shared random value, one per voting interval.
"""
PERIOD_MINUTES = (1440, 30, 14400)
N_REPLICAS = (2, 1, 16)
SPREAD_FETCH = (3, 1, 128)
"""Defaults of consensus parameters, and the least and the most that tor takes."""
_BASEPOINT = (
    "(15112221349535400772501151409588531511454012693041857206046113283949847762202, "
    "46316835694926478169428394003475163141307993866256225615783033603165251855960)"
)


class KnownRelay(msgspec.Struct, frozen=True, kw_only=True):
    """A relay of the consensus."""

    fingerprint: str
    """Hex, upper case."""
    nickname: str
    hsdir: bool
    """Whether it keeps v3 descriptors."""
    identity: bytes | None
    """Its ed25519 key; None if the tor that was asked does not know it (yet)."""


class KnownNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a consensus that determine where descriptors are placed."""

    valid_after_seconds: int
    """Start of its validity, in seconds since the epoch."""
    voting_interval_seconds: int
    testing: bool
    """True for a testing network, whose time periods are as short as its votes make them."""
    parameters: dict[str, int]
    current_random: bytes | None
    previous_random: bytes | None
    """The shared random values; None if the authorities have not made one."""
    relays: tuple[KnownRelay, ...]

    @property
    def run_seconds(self) -> int:
        """Time that the authorities take for one shared random value."""
        return ROUNDS_A_RUN * self.voting_interval_seconds

    def parameter(self, name: str, default: int, least: int, most: int) -> int:
        """Return a consensus parameter as tor reads it: bounded."""
        return min(most, max(least, self.parameters.get(name, default)))


class TimePeriod(msgspec.Struct, frozen=True, kw_only=True):
    """The time for which one blinded key is valid."""

    number: int
    length_minutes: int
    ends_seconds: int
    """End, in seconds since the epoch: clients look elsewhere once a consensus is of that time."""
    random: bytes
    """The shared random value that places relays on the ring for clients."""
    random_since_seconds: int
    """Time at which that value was made, in seconds since the epoch; descriptors count their
    revisions from then (rend-spec-v3, appendix F)."""


class HSDir(msgspec.Struct, frozen=True, kw_only=True):
    """A relay that a client asks."""

    replica: int
    relay: KnownRelay


def client_period(network: KnownNetwork) -> TimePeriod:
    """Return the time period that clients are in, and the random value that places relays for it.

    A time period begins half a run after a shared random value. From then until the next value
    clients use the latest; afterwards, for the rest of the period, the previous one.
    """
    length = _period_minutes(network)
    number = _period_number(network, network.valid_after_seconds)
    rounds = network.valid_after_seconds // network.voting_interval_seconds
    run_began = (
        network.valid_after_seconds - rounds % ROUNDS_A_RUN * network.voting_interval_seconds
    )
    next_begins = _period_begins(network, _period_number(network, run_began) + 1)
    if run_began <= network.valid_after_seconds < next_begins:
        shared_random, since = network.previous_random, run_began - network.run_seconds
    else:
        shared_random, since = network.current_random, run_began
    return TimePeriod(
        number=number,
        length_minutes=length,
        ends_seconds=_period_begins(network, number + 1),
        random=shared_random or _disaster(length, number),
        random_since_seconds=since,
    )


def client_hsdirs(
    address: str, network: KnownNetwork, *, spread: int | None = None
) -> tuple[HSDir, ...]:
    """Return the HSDirs that a client chooses from, in the ring's order, by replica.

    ``spread`` is the number per replica (default: as many as clients ask). There are fewer if the
    ring does not have enough. Raises ValueError if the address is not one.
    """
    period = client_period(network)
    key = blinded_key(address, period)
    ring = [
        (relay_index(relay.identity, period), relay)
        for relay in network.relays
        if relay.hsdir and relay.identity is not None
    ]
    if spread is None:
        spread = network.parameter("hsdir_spread_fetch", *SPREAD_FETCH)
    count = network.parameter("hsdir_n_replicas", *N_REPLICAS)
    starts = [replica_index(key, replica, period) for replica in range(1, count + 1)]
    return tuple(
        HSDir(replica=replica, relay=relay)
        for replica, relays in enumerate(relays_by_replica(ring, starts, spread), start=1)
        for relay in relays
    )


def relays_by_replica(
    ring: Iterable[tuple[bytes, Relay]], starts: Sequence[bytes], spread: int
) -> list[list[Relay]]:
    """Return for each replica its next ``spread`` relays of the ring that no earlier one has.

    They are counted from the replica's start, around the ring's end; there are fewer if the ring
    does not have enough (tor: src/feature/hs/hs_common.c, hs_get_responsible_hsdirs).
    """
    in_order = sorted(ring, key=_index)
    chosen: list[list[Relay]] = []
    for start in starts:
        first = bisect_left(in_order, start, key=_index)
        around = (relay for _, relay in (*in_order[first:], *in_order[:first]))
        free = [relay for relay in around if not any(relay in earlier for earlier in chosen)]
        chosen.append(free[:spread])
    return chosen


def _index(place: tuple[bytes, object]) -> bytes:
    return place[0]


def blinded_key(address: str, period: TimePeriod) -> bytes:
    """Return the key by which an address is known in a time period. Raises ValueError."""
    identity = HiddenServiceDescriptorV3.identity_key_from_address(address)
    factor = _digest(
        b"Derive temporary signing key\0",
        identity,
        _BASEPOINT.encode(),
        b"key-blind",
        _eight_bytes(period.number),
        _eight_bytes(period.length_minutes),
    )
    key: bytes = _blinded_pubkey(identity, factor)
    return key


def relay_index(identity: bytes, period: TimePeriod) -> bytes:
    """Return a relay's position on the ring."""
    return _digest(
        b"node-idx",
        identity,
        period.random,
        _eight_bytes(period.number),
        _eight_bytes(period.length_minutes),
    )


def replica_index(key: bytes, replica: int, period: TimePeriod) -> bytes:
    """Return a replica's position on the ring; the relays that follow keep its descriptor."""
    return _digest(
        b"store-at-idx",
        key,
        _eight_bytes(replica),
        _eight_bytes(period.length_minutes),
        _eight_bytes(period.number),
    )


def _period_minutes(network: KnownNetwork) -> int:
    if network.testing:
        return max(1, network.run_seconds // SECONDS_A_MINUTE)
    return network.parameter("hsdir_interval", *PERIOD_MINUTES)


def _period_number(network: KnownNetwork, seconds: int) -> int:
    minutes = seconds // SECONDS_A_MINUTE - _offset_seconds(network) // SECONDS_A_MINUTE
    return minutes // _period_minutes(network)


def _period_begins(network: KnownNetwork, number: int) -> int:
    return number * _period_minutes(network) * SECONDS_A_MINUTE + _offset_seconds(network)


def _offset_seconds(network: KnownNetwork) -> int:
    return ROUNDS_A_PHASE * network.voting_interval_seconds


def _disaster(length_minutes: int, number: int) -> bytes:
    """Return the substitute for a shared random value that the authorities have not made."""
    return _digest(b"shared-random-disaster", _eight_bytes(length_minutes), _eight_bytes(number))


def _digest(*parts: bytes) -> bytes:
    return hashlib.sha3_256(b"".join(parts)).digest()


def _eight_bytes(number: int) -> bytes:
    return number.to_bytes(8, "big")

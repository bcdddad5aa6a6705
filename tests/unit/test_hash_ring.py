"""Where descriptors lie, held against Onionbalance's own ring and the specification's example."""

import base64
import datetime
import hashlib
from types import SimpleNamespace

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from onionbalance.hs_v3 import consensus as onionbalance_consensus
from onionbalance.hs_v3 import hashring
from onionbalance.hs_v3 import onionbalance as onionbalance_main
from onionbalance.hs_v3.tor_node import Node
from stem.descriptor.hidden_service import HiddenServiceDescriptorV3, _blinded_pubkey

from onionrig.tor.hash_ring import (
    KnownNetwork,
    KnownRelay,
    blinded_key,
    client_hsdirs,
    client_period,
)

ADDRESS = HiddenServiceDescriptorV3.address_from_identity_key(
    Ed25519PrivateKey.from_private_bytes(b"\x07" * 32).public_key().public_bytes_raw()
)
SPREAD_STORE = 4
"""Onionbalance's ring holds as many places a replica as descriptors are stored at."""


def network(seconds, *, relays=14, testing=True, seed=0, **more):
    def some(length, what):
        return hashlib.shake_256(f"{seed} {what}".encode()).digest(length)

    return KnownNetwork(
        **{
            "valid_after_seconds": seconds,
            "voting_interval_seconds": 20 if testing else 3600,
            "testing": testing,
            "parameters": {},
            "current_random": some(32, "current"),
            "previous_random": some(32, "previous"),
            "relays": tuple(
                KnownRelay(
                    fingerprint=some(20, f"fingerprint {number}").hex().upper(),
                    nickname=f"relay{number}",
                    hsdir=True,
                    identity=some(32, f"identity {number}"),
                )
                for number in range(relays)
            ),
        }
        | more
    )


def by_onionbalance(known_network, monkeypatch):
    """Return the HSDirs that Onionbalance takes for those that clients ask."""
    consensus = onionbalance_consensus.Consensus(do_refresh_consensus=False)
    consensus.is_live = lambda: True
    valid_after = datetime.datetime.fromtimestamp(
        known_network.valid_after_seconds, tz=datetime.UTC
    )
    consensus.consensus = SimpleNamespace(
        valid_after=valid_after.replace(tzinfo=None),
        shared_randomness_current_value=encoded(known_network.current_random),
        shared_randomness_previous_value=encoded(known_network.previous_random),
    )
    consensus.nodes = [
        Node(
            SimpleNamespace(identifiers={"ed25519": encoded(relay.identity).rstrip("=")}),
            SimpleNamespace(
                fingerprint=relay.fingerprint, protocols={"HSDir": [1, 2]}, flags=["HSDir"]
            ),
        )
        for relay in known_network.relays
    ]
    main = SimpleNamespace(is_testnet=known_network.testing, consensus=consensus)
    monkeypatch.setattr(onionbalance_main, "my_onionbalance", main, raising=False)
    number = consensus.get_time_period_num()
    # clients fetch the one of the two descriptors that is for the present time period
    (first,) = (
        is_first
        for is_first in (True, False)
        if hashring.get_srv_and_time_period(is_first)[1] == number
    )
    identity = HiddenServiceDescriptorV3.identity_key_from_address(ADDRESS)
    key = _blinded_pubkey(identity, consensus.get_blinding_param(identity, number))
    return key, hashring.get_responsible_hsdirs(key, first)


def encoded(value):
    return None if value is None else base64.b64encode(value).decode()


@pytest.mark.parametrize("testing", [True, False])
@pytest.mark.parametrize("half", range(6))
def test_the_ring_is_onionbalances_own_in_every_half_of_a_period(testing, half, monkeypatch):
    interval = 20 if testing else 3600
    known_network = network(
        1_790_000_000 // interval * interval + half * 9 * interval,
        relays=300,
        testing=testing,
        seed=half,
    )
    key, hsdirs = by_onionbalance(known_network, monkeypatch)
    hsdirs_of_clients = client_hsdirs(ADDRESS, known_network, spread=SPREAD_STORE)
    assert [hsdir.relay.fingerprint for hsdir in hsdirs_of_clients] == hsdirs
    assert blinded_key(ADDRESS, client_period(known_network)) == key


def test_where_the_ring_ends_onionbalance_stops_early_and_clients_do_not(monkeypatch):
    # onionbalance 0.2.4: hs_v3/hashring.py takes the first place of the ring twice, and stops
    fewer = 0
    for seed in range(8):
        known_network = network(1_790_000_000, relays=14, seed=seed)
        _, hsdirs = by_onionbalance(known_network, monkeypatch)
        hsdirs_of_clients = client_hsdirs(ADDRESS, known_network, spread=SPREAD_STORE)
        assert len(hsdirs_of_clients) == 8
        fewer += len(hsdirs) < 8
    assert fewer


def test_the_halves_above_use_both_random_values():
    used = set()
    for half in range(6):
        known_network = network(1_790_000_000 // 20 * 20 + half * 9 * 20, seed=half)
        used.add(client_period(known_network).random == known_network.current_random)
    assert used == {True, False}


def test_without_a_shared_random_value_the_disaster_value_is_onionbalances(monkeypatch):
    known_network = network(1_790_000_000, relays=300, current_random=None, previous_random=None)
    _, hsdirs = by_onionbalance(known_network, monkeypatch)
    hsdirs_of_clients = client_hsdirs(ADDRESS, known_network, spread=SPREAD_STORE)
    assert [hsdir.relay.fingerprint for hsdir in hsdirs_of_clients] == hsdirs


def test_the_time_period_is_that_of_the_specifications_example():
    # torspec: rend-spec-v3, [TIME-PERIODS]: 2016-04-13 11:00 UTC is in period 16903, the next
    # one begins an hour later
    known_network = network(1_460_545_200, testing=False)
    assert client_period(known_network).number == 16903
    assert client_period(known_network).ends_seconds == 1_460_548_800


def test_clients_ask_three_a_replica_in_the_rings_order():
    hsdirs_of_clients = client_hsdirs(ADDRESS, network(1_790_000_000))
    assert [hsdir.replica for hsdir in hsdirs_of_clients] == [1, 1, 1, 2, 2, 2]
    assert len({hsdir.relay.fingerprint for hsdir in hsdirs_of_clients}) == 6


def test_consensus_parameters_are_heeded_and_bounded():
    wide = network(
        1_790_000_000, relays=40, parameters={"hsdir_spread_fetch": 5, "hsdir_n_replicas": 99}
    )
    hsdirs_of_clients = client_hsdirs(ADDRESS, wide)
    assert {hsdir.replica for hsdir in hsdirs_of_clients} == set(range(1, 9))
    assert len([hsdir for hsdir in hsdirs_of_clients if hsdir.replica == 1]) == 5
    longer = network(1_790_000_000, testing=False, parameters={"hsdir_interval": 30})
    assert client_period(longer).length_minutes == 30


def test_relays_that_keep_no_descriptors_or_whose_key_is_unknown_are_passed_over():
    known_network = network(1_790_000_000)
    first, second, *_ = (hsdir.relay for hsdir in client_hsdirs(ADDRESS, known_network))
    changed = {
        first.fingerprint: msgspec.structs.replace(first, hsdir=False),
        second.fingerprint: msgspec.structs.replace(second, identity=None),
    }
    relays = tuple(changed.get(relay.fingerprint, relay) for relay in known_network.relays)
    hsdirs_of_clients = client_hsdirs(
        ADDRESS, msgspec.structs.replace(known_network, relays=relays)
    )
    assert len(hsdirs_of_clients) == 6
    assert not {hsdir.relay.fingerprint for hsdir in hsdirs_of_clients} & set(changed)


@given(relays=st.integers(0, 9), seed=st.integers(0, 1000))
def test_no_relay_is_asked_twice_and_none_is_left_out_where_there_are_few(relays, seed):
    hsdirs_of_clients = client_hsdirs(ADDRESS, network(1_790_000_000, relays=relays, seed=seed))
    assert (
        len(hsdirs_of_clients)
        == len({hsdir.relay.fingerprint for hsdir in hsdirs_of_clients})
        == min(relays, 6)
    )

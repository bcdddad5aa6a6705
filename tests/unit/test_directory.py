"""A consensus and microdescriptors, read for what places descriptors."""

import base64
import hashlib

from onionrig.tor.directory import network_from

RANDOM = {"previous": b"\x01" * 32, "current": b"\x02" * 32}
KEY = b"\xfe" * 32
MICRODESCRIPTOR = f"""onion-key
-----BEGIN RSA PUBLIC KEY-----
MIGJAoGBAMO3ZXrcA+PclKppGCh9TOG0H87JMFp7PlLDP0zOdIyBtSbbGnxAfLpy
-----END RSA PUBLIC KEY-----
ntor-onion-key {base64.b64encode(KEY).decode().rstrip("=")}
id ed25519 {base64.b64encode(KEY).decode().rstrip("=")}
"""


def base64_of(value):
    return base64.b64encode(value).decode()


def entry(name, *, flags="Fast HSDir Running", protocols="HSDir=2 Link=1-5", digest="A" * 43):
    identity = base64_of(hashlib.sha1(name.encode(), usedforsecurity=False).digest()).rstrip("=")
    return (
        f"r {name} {identity} 2026-09-21 14:00:00 127.0.0.1 5000 0\n"
        f"m {digest}\ns {flags}\npr {protocols}\nw Bandwidth=100\n"
    )


def consensus(*entries):
    values = "".join(
        f"shared-rand-{which}-value 9 {base64_of(value)}\n" for which, value in RANDOM.items()
    )
    return (
        "network-status-version 3 microdesc\nvote-status consensus\nconsensus-method 33\n"
        "valid-after 2026-09-21 14:13:20\nfresh-until 2026-09-21 14:13:40\n"
        "valid-until 2026-09-21 14:14:00\nvoting-delay 4 4\n"
        "known-flags Fast HSDir Running\nparams cc_alg=2 hsdir_spread_fetch=4\n"
        f"{values}{''.join(entries)}directory-footer\n"
    )


def test_times_values_and_parameters_are_the_consensus():
    known_network = network_from(consensus(), "", testing=True)
    assert known_network.valid_after_seconds == 1_790_000_000
    assert known_network.voting_interval_seconds == 20
    assert known_network.parameters["hsdir_spread_fetch"] == 4
    assert known_network.current_random == RANDOM["current"]
    assert known_network.previous_random == RANDOM["previous"]


def test_a_relay_has_its_key_from_its_microdescriptor_the_last_one_too():
    digest = base64_of(hashlib.sha256(MICRODESCRIPTOR.encode()).digest()).rstrip("=")
    known_network = network_from(
        consensus(entry("one", digest=digest), entry("two")), MICRODESCRIPTOR.strip(), testing=True
    )
    first_relay, second_relay = known_network.relays
    assert (
        first_relay.fingerprint == hashlib.sha1(b"one", usedforsecurity=False).hexdigest().upper()
    )
    assert (first_relay.nickname, first_relay.hsdir, first_relay.identity) == ("one", True, KEY)
    assert second_relay.identity is None


def test_an_hsdir_has_the_flag_and_speaks_version_3():
    known_network = network_from(
        consensus(
            entry("one"),
            entry("two", flags="Fast Running"),
            entry("three", protocols="HSDir=1 Link=1-5"),
            entry("four", protocols="Link=1-5"),
        ),
        "",
        testing=False,
    )
    assert {relay.nickname: relay.hsdir for relay in known_network.relays} == {
        "one": True, "two": False, "three": False, "four": False,
    }  # fmt: skip

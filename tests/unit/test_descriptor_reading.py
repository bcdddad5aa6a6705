"""Descriptors as tor and Onionbalance publish them, read as far as a client reads them."""

import datetime
import time

import pytest

from onionrig.errors import UsageError
from onionrig.tor.address import address_from_text
from onionrig.tor.descriptors import decrypted, reachable
from support.descriptors import FLOW_CONTROL, descriptor


def test_points_are_on_relays_by_their_fingerprints():
    # 0x83 and 0x84 begin no character in UTF-8: stem's own reading makes them one and the same
    text, address = descriptor(0x83, 0x84, 0x83)
    points = decrypted(text, address).points
    assert [point.relay for point in points] == ["83" * 20, "84" * 20, "83" * 20]
    assert reachable(points) == points[:2]


def test_flow_control_and_single_hop_are_read_from_the_inner_layer():
    plain = decrypted(*descriptor(1))
    assert (plain.flow_control, plain.single_hop) == (None, False)
    flags = decrypted(*descriptor(1, lines=FLOW_CONTROL | {"single-onion-service": ""}))
    assert (flags.flow_control, flags.single_hop) == ("1-2 31", True)


def test_size_lifetime_and_certificate_are_read():
    text, address = descriptor(1, 2)
    read_descriptor = decrypted(text, address)
    assert read_descriptor.size_bytes == len(text)
    assert read_descriptor.lifetime_seconds == datetime.timedelta(hours=3).total_seconds()
    # stem certifies for 54 hours, in whole hours
    assert 0 <= time.time() + 54 * 3600 - read_descriptor.valid_until_seconds < 3600


def test_an_address_is_distinguished_from_a_run_and_from_a_misspelt_address():
    _, name = descriptor(1)
    assert address_from_text(name) == address_from_text(f"{name.upper()}.onion") == f"{name}.onion"
    assert address_from_text("latest") is None
    assert address_from_text("20260921T000000Z-default") is None
    wrong = ("a" if name[0] != "a" else "b") + name[1:]
    with pytest.raises(UsageError, match="no v3 onion address"):
        address_from_text(wrong)
    with pytest.raises(UsageError):
        address_from_text("short.onion")

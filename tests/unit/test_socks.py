"""The SOCKS5 handshake takes its replies in any split, and answers nonsense with a refusal."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.errors import UsageError
from onionrig.tor.socks import (
    GREETING,
    Connected,
    Continue,
    Credentials,
    Handshake,
    Refused,
    connect_request,
    login,
)

ADDRESS = "a" * 56 + ".onion"
ATTEMPT = "2"
CREDENTIALS = Credentials(username="7", password=ATTEMPT)

METHOD_REPLY = b"\x05\x02"
LOGIN_REPLY = b"\x01\x00"
IPV4_REPLY = b"\x05\x00\x00\x01" + bytes(6)
IPV6_REPLY = b"\x05\x00\x00\x04" + bytes(18)
DOMAIN_REPLY = b"\x05\x00\x00\x03\x04name\x00\x50"

EXTENDED_ERRORS = {
    0xF0: "F0 onion service descriptor can not be found",
    0xF1: "F1 onion service descriptor is invalid",
    0xF2: "F2 onion service introduction failed",
    0xF3: "F3 onion service rendezvous failed",
    0xF4: "F4 onion service missing client authorization",
    0xF5: "F5 onion service wrong client authorization",
    0xF6: "F6 onion service invalid address",
    0xF7: "F7 onion service introduction timed out",
}


def new_handshake():
    return Handshake(ADDRESS, 9000, CREDENTIALS)


def at_connect_reply():
    handshake = new_handshake()
    handshake.feed(METHOD_REPLY)
    handshake.feed(LOGIN_REPLY)
    return handshake


def pieces_of(content, cuts):
    edges = [0, *sorted(cuts), len(content)]
    return [content[a:b] for a, b in pairwise(edges)]


def test_the_messages_are_those_of_the_rfcs():
    assert GREETING == b"\x05\x01\x02"
    assert login(CREDENTIALS) == b"\x01\x017\x012"
    assert connect_request("x.onion", 9000) == b"\x05\x01\x00\x03\x07x.onion\x23\x28"


def test_each_reply_leads_to_the_next_message_and_then_to_the_stream():
    handshake = new_handshake()

    assert handshake.feed(METHOD_REPLY) == Continue(login(CREDENTIALS))
    assert handshake.feed(LOGIN_REPLY) == Continue(connect_request(ADDRESS, 9000))
    assert handshake.feed(IPV4_REPLY) == Connected(b"")


@given(data=st.data(), reply=st.sampled_from([IPV4_REPLY, IPV6_REPLY, DOMAIN_REPLY]))
def test_replies_may_come_in_any_split_and_payload_behind_them_is_kept(data, reply):
    payload = data.draw(st.binary(max_size=40))
    handshake = new_handshake()
    sent = []
    for answer in (METHOD_REPLY, LOGIN_REPLY, reply + payload):
        cuts = data.draw(st.sets(st.integers(1, len(answer) - 1)))
        pieces = pieces_of(answer, cuts)
        for number, piece in enumerate(pieces, start=1):
            step = handshake.feed(piece)
            if isinstance(step, Connected):
                assert step.leftover + b"".join(pieces[number:]) == payload
                break
            assert isinstance(step, Continue)
            sent.append(step.to_send)
    assert isinstance(step, Connected)
    assert b"".join(sent) == login(CREDENTIALS) + connect_request(ADDRESS, 9000)


@pytest.mark.parametrize(("code", "reason"), EXTENDED_ERRORS.items())
def test_tors_extended_errors_keep_their_names(code, reason):
    refusal = at_connect_reply().feed(bytes([5, code, 0, 1]) + bytes(6))

    assert refusal == Refused(reason, code)


def test_the_codes_of_the_rfc_keep_their_names_and_others_their_number():
    assert at_connect_reply().feed(b"\x05\x05") == Refused("05 connection refused", 5)
    assert at_connect_reply().feed(b"\x05\x99") == Refused("99 unassigned code", 0x99)


@pytest.mark.parametrize(
    ("received", "reason"),
    [
        ([b"HTTP/1.0 501"], "malformed answer to the greeting: 48 54 54 50 2f 31 2e 30"),
        ([b"\x05\xff"], "credentials are not accepted"),
        ([b"\x05\x00"], "malformed answer to the greeting: 05 00"),
        ([METHOD_REPLY, b"\x05\x00"], "malformed answer to the credentials: 05 00"),
        ([METHOD_REPLY, b"\x01\x01"], "the credentials were rejected"),
        ([METHOD_REPLY + LOGIN_REPLY], "the SOCKS port answered before it was asked"),
        ([METHOD_REPLY, LOGIN_REPLY, b"\x04"], "malformed answer to the request: 04"),
        (
            [METHOD_REPLY, LOGIN_REPLY, b"\x05\x00\x00\x02\x00"],
            "malformed answer to the request: 05 00 00 02 00",
        ),
    ],
)
def test_an_invalid_reply_is_a_refusal_that_says_what_came(received, reason):
    handshake = new_handshake()
    steps = [handshake.feed(piece) for piece in received]

    assert steps[-1] == Refused(reason)


@given(st.lists(st.binary(max_size=30), max_size=8))
def test_arbitrary_bytes_never_raise_an_exception(received):
    handshake = new_handshake()
    for piece in received:
        assert isinstance(handshake.feed(piece), Continue | Connected | Refused)


@pytest.mark.parametrize(
    ("address", "port", "username"),
    [
        ("", 9000, "7"),
        ("a" * 256, 9000, "7"),
        ("bücher.onion", 9000, "7"),
        (ADDRESS, 0, "7"),
        (ADDRESS, 65536, "7"),
        (ADDRESS, 9000, ""),
        (ADDRESS, 9000, "u" * 256),
    ],
)
def test_values_that_no_message_can_carry_are_a_usage_error(address, port, username):
    with pytest.raises(UsageError):
        Handshake(address, port, Credentials(username=username, password=ATTEMPT))

"""An attempt without a client tor, and with a peer that is no source of ours."""

from hypothesis import given
from hypothesis import strategies as st

from onionrig.movers.attempt import Attempt, Phase
from onionrig.movers.payload import BLOCK_BYTES, DOUBLED_BLOCK, head_line
from onionrig.records.transfers import Ending

LIKE_OURS = b"onionrig 1 h"
"""As far as this a stream may still become ours."""


def direct(*, takes_foreign):
    attempt = Attempt(
        stream=3,
        number=2,
        client="direct",
        takes_foreign=takes_foreign,
        at=100.0,
    )
    attempt.connected(100.5)
    return attempt


def fed(content, lengths, *, takes_foreign):
    """Give an attempt a stream in pieces of these lengths, the rest of it as the last piece."""
    attempt = direct(takes_foreign=takes_foreign)
    rest = memoryview(content)
    for length in lengths:
        if rest[:length]:
            attempt.received(rest[:length], 101.0)
        rest = rest[length:]
    if rest:
        attempt.received(rest, 102.0)
    return attempt


BEGINNINGS = st.one_of(
    st.binary(max_size=400),
    st.integers(0, len(LIKE_OURS)).map(lambda size: LIKE_OURS[:size]),
).map(lambda beginning: beginning + b"\x00" * 300)
LENGTHS = st.lists(st.integers(1, 200), max_size=12)


@given(beginning=BEGINNINGS, lengths=LENGTHS)
def test_every_byte_of_a_foreign_peer_counts_in_any_split(beginning, lengths):
    attempt = fed(beginning, lengths, takes_foreign=True)

    assert attempt.foreign
    assert attempt.started
    assert attempt.ending is None
    assert attempt.unverified_bytes == len(beginning)
    assert attempt.serving == "foreign peer"
    assert attempt.backend is None


@given(beginning=BEGINNINGS, lengths=LENGTHS)
def test_without_leave_a_foreign_peer_ends_the_attempt(beginning, lengths):
    attempt = fed(beginning, lengths, takes_foreign=False)

    assert attempt.ending is Ending.NOT_OUR_SOURCE
    assert attempt.unverified_bytes == 0
    assert not attempt.started


@given(lengths=LENGTHS)
def test_with_leave_for_foreign_peers_our_source_is_verified_all_the_same(lengths):
    stream = head_line("here", "door") + DOUBLED_BLOCK[:BLOCK_BYTES]
    attempt = fed(stream, lengths, takes_foreign=True)

    assert not attempt.foreign
    assert attempt.serving == "door"
    assert attempt.checker.verified_bytes == 1 << 20
    assert attempt.unverified_bytes == 0


def test_a_stream_that_is_not_yet_decided_is_neither_ours_nor_foreign():
    attempt = fed(LIKE_OURS, [3], takes_foreign=True)

    assert not attempt.foreign
    assert attempt.serving is None
    assert attempt.unverified_bytes == 0


def test_a_direct_attempt_waits_for_its_first_byte_once_it_is_connected():
    attempt = direct(takes_foreign=False)
    assert attempt.phase is Phase.FIRST_BYTE
    assert not attempt.overdue(109.0, connect_seconds=10.0, stall_seconds=1.0)
    assert attempt.overdue(110.5, connect_seconds=10.0, stall_seconds=1.0)

    attempt.give_up(110.5)
    transfer = attempt.transfer()
    assert transfer.ending is Ending.NO_FIRST_BYTE
    assert transfer.client == "direct"
    assert transfer.connected_after_seconds == 0.5
    assert transfer.first_byte_after_seconds is None

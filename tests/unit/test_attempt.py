"""An attempt without a client tor, and with a peer that is no source of ours."""

from hypothesis import given
from hypothesis import strategies as st

from onionrig.movers.attempt import Attempt, AttemptPhase
from onionrig.movers.payload import BLOCK_BYTES, DOUBLED_BLOCK, head_line
from onionrig.records.streams.transfers import Ending

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


def ended_with_run(*, payload=b"", connected=True, takes_foreign=False):
    """The record of an attempt that the end of its run finds with so much payload."""
    attempt = direct(takes_foreign=takes_foreign) if connected else dialled()
    if payload:
        attempt.received(payload, 101.0)
    attempt.end_with_run(103.0)
    return attempt.transfer()


def dialled():
    attempt = Attempt(stream=3, number=2, client="client-1", at=100.0)
    attempt.accepted()
    return attempt


def test_the_end_of_the_run_is_told_apart_by_whether_payload_had_come():
    head = head_line("here", "backend-1")
    delivering = ended_with_run(payload=head + DOUBLED_BLOCK[:100])
    foreign = ended_with_run(payload=b"SSH-2.0-OpenSSH", takes_foreign=True)
    assert (delivering.ending, delivering.detail) == (Ending.RUN_ENDED, "")
    assert foreign.ending is Ending.RUN_ENDED

    named = ended_with_run(payload=head)
    opened, waiting = ended_with_run(), ended_with_run(connected=False)
    assert {named.ending, opened.ending, waiting.ending} == {Ending.STILL_WAITING}
    assert (named.backend, opened.backend) == ("backend-1", None)
    assert opened.detail == "before the first byte"
    assert waiting.detail == "before the SOCKS reply"
    assert waiting.ended_after_seconds == 3

    ended = (delivering, foreign, named, opened, waiting)
    assert not any(transfer.failed for transfer in ended)
    assert [transfer.was_still_waiting for transfer in ended] == [False, False, True, True, True]


def test_an_attempt_that_had_ended_already_is_not_ended_again_with_the_run():
    attempt = direct(takes_foreign=False)
    attempt.end(Ending.SERVED, 102.0)
    attempt.end_with_run(103.0)
    assert attempt.transfer().ending is Ending.SERVED


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
def test_a_foreign_peer_that_is_not_allowed_ends_the_attempt(beginning, lengths):
    attempt = fed(beginning, lengths, takes_foreign=False)

    assert attempt.ending is Ending.NOT_OUR_SOURCE
    assert attempt.unverified_bytes == 0
    assert not attempt.started


@given(lengths=LENGTHS)
def test_our_source_is_verified_even_if_foreign_peers_are_allowed(lengths):
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
    assert attempt.phase is AttemptPhase.FIRST_BYTE
    assert not attempt.overdue(109.0, connect_seconds=10.0, stall_seconds=1.0)
    assert attempt.overdue(110.5, connect_seconds=10.0, stall_seconds=1.0)

    attempt.give_up(110.5)
    transfer = attempt.transfer()
    assert transfer.ending is Ending.NO_FIRST_BYTE
    assert transfer.client == "direct"
    assert transfer.connected_after_seconds == 0.5
    assert transfer.first_byte_after_seconds is None

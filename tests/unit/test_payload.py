"""Any split of the right bytes is verified; any single fault is found where it is."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onionrig.errors import UsageError
from onionrig.movers.payload import (
    BLOCK_BYTES,
    DOUBLED_BLOCK,
    LINE_BYTES,
    LONGEST_HEAD_BYTES,
    Checker,
    Head,
    PayloadFault,
    head_line,
    parse_head,
)
from onionrig.probe import facts

HEAD = head_line("pi3", "2")
BLOCK = DOUBLED_BLOCK[:BLOCK_BYTES]
STREAM = HEAD + 3 * BLOCK

LENGTHS = st.one_of(st.integers(1, 300), st.integers(1, BLOCK_BYTES + BLOCK_BYTES // 2))
OFFSETS = st.one_of(
    st.integers(0, 2 * LINE_BYTES),
    st.integers(BLOCK_BYTES - 100, BLOCK_BYTES + 100),
    st.integers(0, 2 * BLOCK_BYTES),
)


def check(stream, lengths):
    """Feed a stream in pieces of these lengths, the rest of it as the last piece."""
    checker = Checker()
    at = 0
    for length in lengths:
        checker.feed(memoryview(stream)[at : at + length])
        at += length
    checker.feed(memoryview(stream)[at:])
    return checker


def first_difference(payload):
    """Where a payload first differs from the block repeated, the slow and plain way."""
    due = 3 * BLOCK
    return next((at for at, byte in enumerate(payload) if byte != due[at]), None)


def test_the_block_is_printable_and_every_line_of_64_bytes_is_another():
    lines = BLOCK.split(b"\n")

    assert len(BLOCK) == 1 << 20
    assert lines.pop() == b""
    assert {len(line) for line in lines} == {63}
    assert len(set(lines)) == 16384
    assert BLOCK.replace(b"\n", b"").decode("ascii").isprintable()


def test_the_head_line_names_who_serves():
    assert HEAD == b"onionrig 1 host=pi3 backend=2\n"
    assert parse_head(HEAD) == Head(host="pi3", backend="2")


def test_a_field_of_a_later_version_does_not_hide_the_known_ones():
    assert parse_head(b"onionrig 1 host=a rate=9 backend=b\n") == Head(host="a", backend="b")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"onionrig 1 host=a backend=b",
        b"onionrig 2 host=a backend=b\n",
        b"onionrig 1 host=a\n",
        b"onionrig 1 host= backend=b\n",
        b"onionrig 1 host=\xff backend=b\n",
        b"HTTP/1.1 200 OK\n",
    ],
)
def test_other_lines_are_no_head(line):
    assert parse_head(line) is None


@pytest.mark.parametrize(
    ("host", "backend"), [("", "b"), ("a b", "b"), ("a", "b\n"), ("ü", "b"), ("a", "b" * 250)]
)
def test_names_that_no_head_line_can_carry_are_a_usage_error(host, backend):
    with pytest.raises(UsageError):
        head_line(host, backend)


@settings(max_examples=50)
@given(st.lists(LENGTHS, max_size=12))
def test_the_right_bytes_are_verified_in_any_split(lengths):
    checker = check(STREAM, lengths)

    assert checker.fault is None
    assert checker.head == Head(host="pi3", backend="2")
    assert checker.verified_bytes == 3 * BLOCK_BYTES
    assert checker.rejected_bytes == 0


def test_one_byte_at_a_time_is_a_split_too():
    checker = check(STREAM[:1000], [1] * 1000)

    assert checker.verified_bytes == 1000 - len(HEAD)


@settings(max_examples=50)
@given(lengths=st.lists(LENGTHS, max_size=6), at=OFFSETS, changed=st.integers(1, 255))
def test_one_changed_byte_is_found_at_its_offset(lengths, at, changed):
    stream = bytearray(STREAM)
    stream[len(HEAD) + at] ^= changed
    checker = check(stream, lengths)

    assert checker.fault is PayloadFault.CORRUPT
    assert checker.wrong_offset == checker.verified_bytes == at
    assert checker.rejected_bytes == 3 * BLOCK_BYTES - at


@settings(max_examples=50)
@given(lengths=st.lists(LENGTHS, max_size=6), at=OFFSETS, lost=st.integers(1, 5000))
def test_lost_bytes_are_found_where_the_stream_first_differs(lengths, at, lost):
    payload = (3 * BLOCK)[:at] + (3 * BLOCK)[at + lost :]
    checker = check(HEAD + payload, lengths)

    assert checker.wrong_offset == first_difference(payload)
    assert at <= checker.wrong_offset < at + LINE_BYTES


@settings(max_examples=50)
@given(lengths=st.lists(LENGTHS, max_size=6), at=OFFSETS, doubled=st.integers(1, 5000))
def test_doubled_bytes_are_found_where_the_stream_first_differs(lengths, at, doubled):
    payload = (3 * BLOCK)[: at + doubled] + (3 * BLOCK)[at:]
    checker = check(HEAD + payload[: 3 * BLOCK_BYTES], lengths)

    assert checker.wrong_offset == first_difference(payload[: 3 * BLOCK_BYTES])
    assert at <= checker.wrong_offset - doubled < LINE_BYTES + at


def test_nothing_is_verified_after_the_first_wrong_byte():
    checker = check(HEAD + b"!" + BLOCK, [])
    checker.feed(BLOCK)

    assert checker.verified_bytes == 0
    assert checker.rejected_bytes == 1 + 2 * BLOCK_BYTES


@pytest.mark.parametrize(
    "stream",
    [
        bytes(5000),
        b"onionrig 1 host=a\n",
        b"onionrig 2 host=a backend=b\n",
        b"onionrig 1 " + b"x" * LONGEST_HEAD_BYTES,
        BLOCK,
    ],
)
@pytest.mark.parametrize("lengths", [[], [1] * 400])
def test_a_stream_that_does_not_begin_with_our_head_is_not_ours(stream, lengths):
    checker = check(stream, lengths)

    assert checker.fault is PayloadFault.NOT_OURS
    assert checker.wrong_offset is None
    assert checker.verified_bytes == 0


def test_the_beginning_of_a_head_line_may_still_become_ours():
    assert check(b"onion", [1]).fault is None


@pytest.mark.parametrize(
    ("name", "served_as"),
    [
        (b"k\xc3\xb6ln", "k-ln"), (b"k\xf6ln", "k-ln"), (b"living room", "living-room"),
        (b"x" * 64, "x" * 64), (b"", "localhost"),
    ],
)  # fmt: skip
def test_a_machine_serves_whatever_its_name_is(monkeypatch, name, served_as):
    monkeypatch.setattr(facts.platform, "node", lambda: os.fsdecode(name))
    head = parse_head(head_line(facts.host_name(), "backend-1"))
    assert head == Head(host=served_as, backend="backend-1")

"""A stream's bytes: the same handshake and the same payload, whatever kind of I/O carries it."""

import asyncio
import select
import socket
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.tor.socks import GREETING, Credentials, Handshake, connect_request, login
from onionrig.tor.stream import (
    AsyncStream,
    SocketAddress,
    SocksRefused,
    StreamProtocol,
    StreamSocket,
)
from support.waiting import HANG_SECONDS

ADDRESS = "a" * 56 + ".onion"
ATTEMPT = "2"
CREDENTIALS = Credentials(username="7", password=ATTEMPT)
REPLIES = (b"\x05\x02", b"\x01\x00", b"\x05\x00\x00\x01" + bytes(6))
REFUSED = (*REPLIES[:2], b"\x05\xf2\x00\x01" + bytes(6))
QUESTIONS = (GREETING, login(CREDENTIALS), connect_request(ADDRESS, 9000))


def handshake():
    return Handshake(ADDRESS, 9000, CREDENTIALS)


def flushed(protocol):
    """Return what a protocol has to send, and tell it that all of it has been sent."""
    outgoing = protocol.outgoing
    protocol.sent(len(outgoing))
    return outgoing


# The protocol


@given(data=st.data(), payload=st.binary(max_size=100))
def test_bytes_after_the_replies_are_payload_in_any_split(data, payload):
    protocol = StreamProtocol(handshake())
    sent = [flushed(protocol)]
    received = []
    for number, answer in enumerate((*REPLIES[:2], REPLIES[2] + payload)):
        edges = data.draw(st.sets(st.integers(1, len(answer) - 1)))
        for begin, end in pairwise([0, *sorted(edges), len(answer)]):
            received.append(bytes(protocol.received(memoryview(answer)[begin:end])))
        if number < 2:
            sent.append(flushed(protocol))
            assert not protocol.is_open
    assert protocol.is_open
    assert tuple(sent) == QUESTIONS
    assert b"".join(received) == payload


def test_without_a_handshake_it_is_open_and_everything_is_payload():
    protocol = StreamProtocol(None)
    assert protocol.is_open
    assert protocol.outgoing == b""
    assert protocol.received(GREETING) == GREETING


def test_bytes_that_the_socket_did_not_take_are_still_to_be_sent():
    protocol = StreamProtocol(None)
    protocol.send(b"question")
    protocol.sent(5)
    protocol.send(b"!")
    assert flushed(protocol) == b"ion!"


def test_a_refusal_says_why_and_is_an_error_of_the_connection():
    protocol = StreamProtocol(handshake())
    for answer in REFUSED[:2]:
        protocol.received(answer)
    with pytest.raises(ConnectionError) as refused:
        protocol.received(REFUSED[2])
    assert str(refused.value) == "SOCKS refused: F2 onion service introduction failed"
    assert refused.value.reason == "F2 onion service introduction failed"


# A client tor on loopback for both kinds of I/O


async def client_tor(reader, writer, replies, payload):
    """Answer the questions of a handshake, send the payload, hang up when asked for more."""
    for question, answer in zip(QUESTIONS, replies, strict=False):
        assert await reader.readexactly(len(question)) == question
        writer.write(answer if answer is not replies[-1] else answer + payload)
    while piece := await reader.read(100):
        if piece == b"bye":
            break
        writer.write(piece)
    writer.close()


async def listening(replies=REPLIES, payload=b""):
    """Start it; return the server and where it is."""
    server = await asyncio.start_server(
        lambda reader, writer: client_tor(reader, writer, replies, payload), "127.0.0.1", 0
    )
    return server, server.sockets[0].getsockname()


async def opened(at):
    return AsyncStream(*await asyncio.open_connection(*at), handshake())


async def test_an_async_stream_keeps_the_payload_that_came_with_the_reply():
    server, at = await listening(payload=b"early")
    async with server:
        stream = await opened(at)
        await stream.open()
        assert await stream.read() == b"early"
        await stream.send(b"question")
        assert await stream.read() == b"question"
        await stream.send(b"bye")
        with pytest.raises(EOFError):
            await stream.read()
        stream.close()


async def test_an_async_stream_that_is_refused_says_why():
    server, at = await listening(replies=REFUSED)
    async with server:
        stream = await opened(at)
        with pytest.raises(SocksRefused, match="F2"):
            await stream.open()
        stream.close()


@pytest.mark.parametrize("answered", range(3))
async def test_a_stream_whose_client_tor_hangs_up_in_the_handshake_has_ended(answered):
    async def hang_up(reader, writer):
        for question, answer in zip(QUESTIONS[:answered], REPLIES, strict=False):
            await reader.readexactly(len(question))
            writer.write(answer)
        await reader.readexactly(len(QUESTIONS[answered]))
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        stream = await opened(server.sockets[0].getsockname())
        with pytest.raises(EOFError):
            await stream.open()
        stream.close()


async def test_a_streams_socket_shakes_hands_and_carries_payload_both_ways():
    server, at = await listening(payload=b"early")

    def talk():
        stream = StreamSocket(socket.AF_INET, handshake())
        try:
            stream.connect(SocketAddress(family=socket.AF_INET, address=at))
            assert not stream.is_open
            received = carried(stream, lambda received: received == b"early")
            assert stream.is_open
            assert not stream.must_write
            stream.send(b"question")
            received += carried(stream, lambda received: received == b"question")
            stream.send(b"bye")
            with pytest.raises(EOFError):
                carried(stream, lambda _: False)
        finally:
            stream.close()
        return received

    async with server:
        assert await asyncio.to_thread(talk) == b"earlyquestion"


def carried(stream, enough):
    """Do what the socket is ready for until enough payload has come; return it."""
    buffer = memoryview(bytearray(100))
    received = b""
    while not enough(received):
        poll = select.poll()
        poll.register(stream.socket, select.POLLOUT if stream.must_write else select.POLLIN)
        assert poll.poll(HANG_SECONDS * 1000)
        if stream.must_write:
            stream.write()
        else:
            received += bytes(stream.read(buffer))
    return received


def test_a_streams_socket_has_nothing_to_read_while_nothing_waits():
    near, far = socket.socketpair()
    with far:
        stream = StreamSocket(socket.AF_INET, None)
        stream.close()
        stream.socket = near
        near.setblocking(False)
        assert stream.read(memoryview(bytearray(9))) == b""
        stream.close()


def test_an_address_where_nobody_listens_is_an_error_while_the_stream_still_connects():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # nobody listens, and nobody else can
        stream = StreamSocket(socket.AF_INET, handshake())
        with pytest.raises(ConnectionRefusedError):
            stream.connect(SocketAddress(family=socket.AF_INET, address=bound.getsockname()))
            carried(stream, lambda _: False)
        assert stream.connecting
        stream.close()

"""A source's echo sockets give back what they get, however their peers behave."""

import array
import contextlib
import fcntl
import os
import socket
import termios

import psutil
import pytest

from support.processes.movers_bench import stop
from support.waiting import HANG_SECONDS, until

pytestmark = pytest.mark.process


CONTENT = bytes(range(256)) * 256
ENDLESS_BYTES = 64 << 20
"""An echo that takes so much of what is never taken back holds it somewhere."""


def connected(bench, backend="0"):
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(HANG_SECONDS)
    peer.connect(os.fspath(bench.echo_socket(backend)))
    return peer


def answer_to(peer, message):
    peer.sendall(message)
    return read(peer, len(message))


def flood(bench, *peers):
    """Send to each until the echo takes no more, whenever it does; return what was sent."""
    sent = [0] * len(peers)
    before = None
    for peer in peers:
        peer.setblocking(False)
    while before != (waiting := [waiting_bytes(peer) for peer in peers]):
        before = waiting
        for number, peer in enumerate(peers):
            sent[number] += send_all_it_takes(peer, sent[number])
        assert max(sent) < ENDLESS_BYTES
        let_all_be_served(bench)
    for peer in peers:
        peer.settimeout(HANG_SECONDS)
    return sent


def send_all_it_takes(peer, sent):
    """Go on from so many bytes of the content, again and again; return how many more were taken."""
    taken = 0
    with contextlib.suppress(BlockingIOError):
        while taken < ENDLESS_BYTES:
            taken += peer.send(CONTENT[(sent + taken) % 256 :])
    return taken


def waiting_bytes(peer):
    """How much of what was sent is not yet read, and of what came back not yet taken."""
    size = array.array("i", [0])
    shown = []
    for which in (termios.TIOCOUTQ, termios.FIONREAD):
        fcntl.ioctl(peer, which, size)
        shown.append(size[0])
    return shown


def let_all_be_served(bench):
    """Wait until the source has gone through all who had anything for it, and at what is new.

    An answer says that the source has looked, and a second one that it has served all it then saw.
    """
    with connected(bench) as one:
        for _ in range(2):
            assert answer_to(one, b"and the others?") == b"and the others?"


def read(peer, size):
    """Read so many bytes, or as many as come before the end."""
    content = bytearray()
    while len(content) < size and (piece := peer.recv(min(1 << 16, size - len(content)))):
        content += piece
    return bytes(content)


def test_what_is_sent_comes_back_message_by_message(bench):
    bench.serve()
    with connected(bench) as peer:
        for message in (b"\x00\x00\x00\x01", b"second", CONTENT):
            assert answer_to(peer, message) == message


def test_every_one_of_many_connections_gets_its_own_bytes(bench):
    bench.serve(("0", "1"))
    peers = [connected(bench, str(number % 2)) for number in range(300)]
    try:
        for number, peer in enumerate(peers):
            peer.sendall(number.to_bytes(8, "big"))
        answers = [read(peer, 8) for peer in peers]
    finally:
        for peer in peers:
            peer.close()

    assert answers == [number.to_bytes(8, "big") for number in range(300)]


def test_peers_that_never_read_take_no_memory_and_hold_up_nobody(bench):
    source = psutil.Process(bench.serve().pid)
    with connected(bench) as one:
        assert answer_to(one, b"before") == b"before"
    before = source.memory_info().rss
    deaf = [connected(bench) for _ in range(8)]
    try:
        sent = flood(bench, *deaf)
        with connected(bench) as one:
            assert answer_to(one, b"after") == b"after"
        grown = source.memory_info().rss - before
    finally:
        for peer in deaf:
            peer.close()

    assert min(sent) > 64 << 10
    assert grown < 1 << 20


def test_what_a_slow_reader_is_owed_comes_whole_and_in_order(bench):
    bench.serve()
    with connected(bench) as peer:
        (sent,) = flood(bench, peer)
        peer.shutdown(socket.SHUT_WR)
        content = read(peer, sent + 1)

    assert len(content) == sent
    assert content == (CONTENT * (sent // len(CONTENT) + 1))[:sent]


def test_peers_that_leave_are_forgotten(bench):
    source = psutil.Process(bench.serve().pid)
    with connected(bench) as one:
        assert answer_to(one, b"all is open") == b"all is open"
        before = source.num_fds()
        peers = [connected(bench) for _ in range(10)]
        for peer in peers[:5]:
            assert answer_to(peer, b"here") == b"here"
        flood(bench, peers[9])
        until(lambda: source.num_fds() == before + 10, "the peers")
        for peer in peers:
            peer.close()

        until(lambda: source.num_fds() == before, "the peers' end")


def test_what_is_echoed_is_neither_payload_nor_a_stream(bench):
    source = bench.serve()
    with connected(bench) as peer:
        assert answer_to(peer, b"ping") == b"ping"
        seen = len(bench.source_samples)
        until(lambda: len(bench.source_samples) > seen + 1, "a whole second")
        stop(source)

    assert all(sample.sent_bytes == {"0": 0} for sample in bench.source_samples)
    assert bench.source_samples[-1].streams == {"0": 0}
    assert not bench.echo_socket("0").exists()

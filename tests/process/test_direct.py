"""A sink that dials the source itself, and peers that are no source of ours."""

import contextlib
import select
import socket
import struct
import threading
from pathlib import Path

import pytest

from onionrig.movers.payload import head_line
from onionrig.movers.stream import Route, Stream
from onionrig.records.samples import FOREIGN_PEER
from onionrig.records.streams.transfers import Ending
from onionrig.tor.stream import resolved
from support.processes.movers_bench import direct_orders, free_port, listens, stop
from support.waiting import HANG_SECONDS, until

pytestmark = pytest.mark.process

OUTSIDE = "192.0.2.1"  # RFC 5737: documentation, no machine has it


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


class ForeignPeer:
    """A server that sends every connection the same bytes and knows nothing of our head line.

    One that resets its connections waits before each for ``may_reset``: a reset throws away what
    is not yet read.
    """

    def __init__(self, content, then="fall silent"):
        self.content = content
        self.then = then
        self.connections = []
        self.may_reset = threading.Semaphore(0)
        self.left = threading.Event()

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.left.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            connection.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError):  # the sink has hung up, or the test is over
            connection.sendall(self.content)
            if self.then == "fall silent":
                self.left.wait()
            elif self.then == "reset":
                self.may_reset.acquire()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()


def start_direct(bench, port, host="127.0.0.1", **changed):
    return bench.start_sink(address=host, port=port, **changed)


def unverified(bench):
    return sum(sample.unverified_bytes for sample in bench.samples)


def kernel_buffers():
    """How many bytes may wait in a TCP connection: to be sent at the one end, read at the other."""
    limits = [Path(f"/proc/sys/net/ipv4/tcp_{which}").read_text() for which in ("wmem", "rmem")]
    return sum(int(limit.split()[-1]) for limit in limits)


# The source's TCP doors


@pytest.mark.parametrize(
    ("host", "dialled"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("localhost", "localhost"),
        pytest.param("::1", "::1", marks=needs_ipv6),
        pytest.param("::", "127.0.0.1", marks=needs_ipv6),
    ],
)
def test_a_door_names_itself_and_serves_whoever_connects(bench, host, dialled):
    port = free_port()
    bench.serve_at(host, port, name="front")
    head = head_line("here", "front")
    with socket.create_connection((dialled, port)) as client:
        assert client.recv(len(head), socket.MSG_WAITALL) == head


def test_a_door_and_a_backend_are_served_and_counted_side_by_side(bench):
    port = free_port()
    source = bench.start_source(("0",), [("front", "127.0.0.1", port)])
    until(lambda: listens(source, port), "the source")
    with socket.create_connection(("127.0.0.1", port)) as client:
        received = len(client.recv(1_000_000, socket.MSG_WAITALL))
        until(
            lambda: bench.source_samples and bench.source_samples[-1].streams["front"] == 1,
            "its stream",
        )
    assert stop(source) == 0

    sent = sum(sample.sent_bytes["front"] for sample in bench.source_samples)
    assert sent >= received - len(head_line("here", "front")) > 0
    assert all(sample.sent_bytes["0"] == 0 for sample in bench.source_samples)


def test_a_source_whose_port_is_taken_says_what_to_do_and_exits_with_5(bench):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        source = bench.start_source((), [("front", "127.0.0.1", port)])
        assert source.wait(HANG_SECONDS) == 5

    assert bench.stderr("source") == (
        f"error: port {port} is taken on 127.0.0.1: end what listens there "
        f"(`ss -ltnp 'sport = :{port}'` names it), or serve at another port\n"
    )


@pytest.mark.parametrize("host", [OUTSIDE, "no.such.host.invalid", "a" * 64])
def test_a_door_on_another_machines_address_is_a_usage_error(bench, host):
    source = bench.start_source((), [("front", host, 9000)])

    assert source.wait(HANG_SECONDS) == 2
    assert f"error: {host}:9000: no source can listen there" in bench.stderr("source")


def test_a_port_that_was_just_left_can_be_served_at_again(bench):
    # the evidence: serve_at() fails if nobody comes to listen at the port
    port = free_port()
    source = bench.serve_at("127.0.0.1", port)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.recv(1)
        stop(source)
    bench.serve_at("127.0.0.1", port)


# A sink without client tors


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", pytest.param("::1", marks=needs_ipv6)])
def test_a_direct_sink_verifies_what_a_door_sends(bench, host):
    port = free_port()
    source = bench.serve_at(host, port)
    sink = start_direct(bench, port, host, streams=4)
    until(lambda: bench.verified("door") > 50_000_000, "50 MB")
    until(lambda: bench.samples[-1].streams == {"door": 4}, "all streams")
    assert stop(sink) == 0
    assert stop(source) == 0

    assert [(t.stream, t.client, t.backend) for t in bench.transfers] == [
        (number, "direct", "door") for number in range(4)
    ]
    assert {transfer.ending for transfer in bench.transfers} == {Ending.RUN_ENDED}
    assert all(0 < t.connected_after_seconds <= t.first_byte_after_seconds for t in bench.transfers)
    assert bench.verified("door") == sum(transfer.verified_bytes for transfer in bench.transfers)
    assert unverified(bench) == 0
    sent = sum(sample.sent_bytes["door"] for sample in bench.source_samples)
    assert bench.verified("door") <= sent <= bench.verified("door") + 4 * kernel_buffers()


def test_a_peer_that_is_not_there_is_named_unreachable_and_dialled_again(bench):
    port = free_port()
    start_direct(bench, port)
    transfer = bench.first_transfer()
    assert transfer.reason == "peer unreachable: Connection refused"
    assert transfer.client == "direct"

    bench.serve_at("127.0.0.1", port)
    until(lambda: bench.verified("door") > 0, "payload")


def test_a_name_without_an_address_is_a_usage_error(bench):
    sink = start_direct(bench, 9000, "no.such.host.invalid")

    assert sink.wait(HANG_SECONDS) == 2
    assert "error: no.such.host.invalid cannot be resolved" in bench.stderr("sink")


def test_a_name_with_several_addresses_is_dialled_until_one_accepts():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        addresses = resolved("127.0.0.2", port) + resolved("127.0.0.1", port)
        route = Route(client="direct", addresses=addresses, unreachable=Ending.PEER_UNREACHABLE)
        stream = Stream(0, direct_orders(port), route, credentials_prefix="")
        stream.dial(100.0)
        assert not accepted(stream)
        assert stream.has_another_address
        stream.dial_next_address(101.0)
        assert accepted(stream)
        stream.attempt.end(Ending.CLOSED, 201.0)
        transfer = stream.attempt.transfer()
        stream.hang_up()
        stream.dial(300.0)
        assert accepted(stream)
        stream.hang_up()

    assert (transfer.attempt, transfer.started_wall_seconds) == (1, 100.0)


def test_a_name_whose_addresses_all_refuse_is_one_failed_attempt():
    port = free_port()
    addresses = resolved("127.0.0.2", port) + resolved("127.0.0.1", port)
    route = Route(client="direct", addresses=addresses, unreachable=Ending.PEER_UNREACHABLE)
    stream = Stream(0, direct_orders(port), route, credentials_prefix="")
    stream.dial(100.0)
    assert not accepted(stream)
    stream.dial_next_address(101.0)
    assert not accepted(stream)
    stream.hang_up()

    assert not stream.has_another_address
    assert stream.attempt.ending is Ending.PEER_UNREACHABLE
    assert stream.failures == 1


def accepted(stream):
    """Whether the address that the stream connects to has accepted it."""
    assert select.select([], [stream.socket], [], HANG_SECONDS)[1]
    stream.write(200.0)
    return stream.attempt.ending is None


# Foreign peers


def test_a_foreign_peers_bytes_are_all_counted_as_unverified(bench):
    with ForeignPeer(bytes(30_000_001)) as peer:
        sink = start_direct(bench, peer.port, streams=3, takes_foreign=True)
        until(lambda: unverified(bench) == 3 * 30_000_001, "every byte")
        assert stop(sink) == 0

    assert [t.unverified_bytes for t in bench.transfers] == [30_000_001] * 3
    assert {(t.ending, t.backend, t.client, t.verified_bytes) for t in bench.transfers} == {
        (Ending.RUN_ENDED, None, "direct", 0)
    }
    assert bench.samples[-1].streams == {FOREIGN_PEER: 3}
    assert all(sample.verified_bytes == {} for sample in bench.samples)
    assert all(sample.corrupt_bytes == 0 for sample in bench.samples)


def test_a_trickle_of_a_foreign_peer_is_counted_as_it_comes(bench):
    # the evidence: until() fails if a byte is not counted before the next is sent
    with ForeignPeer(b"\n") as peer:
        start_direct(bench, peer.port, takes_foreign=True)
        for expected in range(1, 4):
            until(lambda due=expected: unverified(bench) == due, "a byte")
            peer.connections[0].sendall(b"\n")


@pytest.mark.parametrize(("then", "ending"), [("close", Ending.CLOSED), ("reset", Ending.RESET)])
def test_a_foreign_stream_that_ends_early_is_a_failure_and_dials_again(bench, then, ending):
    with ForeignPeer(bytes(100_000), then) as peer:
        start_direct(bench, peer.port, takes_foreign=True)
        for attempts in (1, 2):
            until(lambda due=attempts: unverified(bench) >= due * 100_000, "every byte")
            peer.may_reset.release()
        until(lambda: len(bench.transfers) >= 2, "two attempts")
        until(lambda: any(s.failed >= 2 for s in bench.samples), "their sample")

    first, second = bench.transfers[:2]
    assert (first.ending, first.unverified_bytes) == (ending, 100_000)
    assert (second.attempt, second.unverified_bytes) == (2, 100_000)


def test_a_foreign_stream_that_falls_silent_has_stalled_and_dials_again(bench):
    content = bytes(1000)  # one piece, or a peer held up between two would be silent as well
    with ForeignPeer(content) as peer:
        start_direct(bench, peer.port, takes_foreign=True, stall_seconds=1.0)
        until(lambda: len(bench.transfers) >= 2, "two attempts")
        until(lambda: any(s.failed >= 2 for s in bench.samples), "their sample")

    first, second = bench.transfers[:2]
    assert (first.ending, first.unverified_bytes) == (Ending.STALLED, 1000)
    assert first.ended_after_seconds - first.first_byte_after_seconds >= 1.0
    assert (second.attempt, second.unverified_bytes) == (2, 1000)


def test_a_sink_that_takes_foreign_peers_still_verifies_ours(bench):
    port = free_port()
    bench.serve_at("127.0.0.1", port)
    sink = start_direct(bench, port, takes_foreign=True)
    until(lambda: bench.verified("door") > 10_000_000, "10 MB")
    assert stop(sink) == 0

    assert unverified(bench) == 0
    assert bench.samples[-1].streams == {"door": 1}


def test_corrupt_payload_of_ours_is_never_taken_for_a_foreign_peer(bench):
    content = head_line("here", "door") + b"onionrig payload, line 00001"
    with ForeignPeer(content) as peer:
        start_direct(bench, peer.port, takes_foreign=True)
        transfer = bench.first_transfer()

    assert transfer.ending is Ending.CORRUPT
    assert transfer.verified_bytes == len("onionrig payload, line 0000")
    assert transfer.unverified_bytes == 0


def test_a_foreign_peer_that_is_not_allowed_is_reported_as_not_our_source(bench):
    with ForeignPeer(bytes(100_000)) as peer:
        sink = start_direct(bench, peer.port)
        transfer = bench.first_transfer()
        stop(sink)

    assert transfer.ending is Ending.NOT_OUR_SOURCE
    assert transfer.unverified_bytes == 0
    assert unverified(bench) == 0

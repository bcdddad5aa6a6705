"""Real sources and sinks, joined by a SOCKS port that can misbehave as a client tor can."""

import asyncio
import os
import signal
import socket
import stat
import time
from itertools import pairwise

import psutil
import pytest

from fake_socks import FakeSocks, Ignore, Refuse, Say, Serve
from movers_bench import (
    ADDRESS,
    DEADLINE_SECONDS,
    HEAD_BYTES,
    PORT,
    can_connect,
    free_port,
    stop,
    wait_until,
)
from onionrig.records.schedule import Schedule
from onionrig.records.transfers import Ending
from onionrig.rig.orders import SocksEndpoint
from onionrig.tor.socks import Credentials
from onionrig.traffic.payload import head_line
from onionrig.traffic.probe import ENOUGH_BYTES, STREAM, dial_once

pytestmark = pytest.mark.process


def by_stream(transfers):
    return sorted(transfers, key=lambda transfer: (transfer.stream, transfer.attempt))


# What is counted


def test_every_payload_byte_that_came_is_counted_for_the_backend_that_sent_it(bench):
    limits = {"0": 3_000_001, "1": 1_234_567}
    bench.serve(("0", "1"))

    def behaviour(_, username):
        backend = str(int(username.rpartition("-")[2]) % 2)
        return Serve(bench.socket(backend), limit_bytes=limits[backend], then="fall silent")

    expected = {name: 2 * (limit - HEAD_BYTES) for name, limit in limits.items()}
    with FakeSocks(behaviour) as socks:
        sink = bench.start_sink(socks.port, streams=4)
        wait_until(
            lambda: all(bench.verified(name) == expected[name] for name in limits), "every byte"
        )
        assert stop(sink) == 0

    assert {name: bench.verified(name) for name in limits} == expected
    assert [(t.stream, t.backend, t.verified_bytes) for t in by_stream(bench.transfers)] == [
        (0, "0", limits["0"] - HEAD_BYTES),
        (1, "1", limits["1"] - HEAD_BYTES),
        (2, "0", limits["0"] - HEAD_BYTES),
        (3, "1", limits["1"] - HEAD_BYTES),
    ]
    assert bench.samples[-1].streams == {"0": 2, "1": 2}


def test_the_source_has_sent_what_the_sink_counted_and_what_is_in_flight(bench):
    source = bench.serve()
    with FakeSocks(lambda *_: Serve(bench.socket("0"))) as socks:
        sink = bench.start_sink(socks.port, streams=4)
        wait_until(lambda: bench.verified() > 5_000_000, "5 MB")
        assert stop(sink) == 0
        relayed = sum(dial.sent_bytes - HEAD_BYTES for dial in socks.dials)
    assert stop(source) == 0

    sent = sum(sample.sent_bytes["0"] for sample in bench.source_samples)
    in_flight = 4 * 4 * (1 << 20)
    assert bench.verified() <= relayed <= sent <= bench.verified() + in_flight


def test_payload_that_comes_together_with_the_socks_reply_is_not_lost(bench):
    bench.serve()
    serve = Serve(
        bench.socket("0"), limit_bytes=500_000, then="fall silent", reply_with_payload=True
    )
    with FakeSocks(lambda *_: serve) as socks:
        bench.start_sink(socks.port)
        wait_until(lambda: bench.verified() == 500_000 - HEAD_BYTES, "every byte")


def test_a_trickle_below_the_low_water_mark_is_counted_every_second(bench):
    bench.serve()
    serve = Serve(bench.socket("0"), pace_seconds=0.1)
    with FakeSocks(lambda *_: serve) as socks:
        bench.start_sink(socks.port, stall_seconds=1.5)
        wait_until(lambda: len(bench.samples) >= 6, "six seconds")
        assert bench.transfers == []

    assert all(sample.verified_bytes["0"] > 20_000 for sample in bench.samples[1:6])


# What is dialled


def test_every_attempt_of_every_stream_has_credentials_of_its_own(bench):
    with FakeSocks(lambda *_: Refuse(0xF0)) as socks:
        bench.start_sink(socks.port, streams=5)
        wait_until(lambda: len(socks.dials) >= 15, "three attempts of five streams")

    assert len({(dial.username, dial.password) for dial in socks.dials}) == len(socks.dials)
    assert len({dial.username for dial in socks.dials}) == 5
    assert {(dial.address, dial.port) for dial in socks.dials} == {(ADDRESS, PORT)}


def test_streams_take_the_clients_in_turn(bench):
    with FakeSocks(lambda *_: Ignore()) as even, FakeSocks(lambda *_: Ignore()) as odd:
        sink = bench.start_sink(even.port, odd.port, streams=5)
        wait_until(lambda: len(even.dials) + len(odd.dials) == 5, "five dials")
        stop(sink)

    assert (len(even.dials), len(odd.dials)) == (3, 2)
    assert [t.client for t in by_stream(bench.transfers)] == [
        "client 0",
        "client 1",
        "client 0",
        "client 1",
        "client 0",
    ]


def test_a_run_keeps_to_its_schedule_and_ends_by_itself(bench):
    bench.serve()
    ramp = int(time.time()) + 2
    schedule = Schedule(ramp_second=ramp, hold_second=ramp + 2, end_second=ramp + 4, streams=4)
    with FakeSocks(lambda *_: Serve(bench.socket("0"))) as socks:
        sink = bench.start_sink(socks.port, schedule=schedule)
        assert sink.wait(DEADLINE_SECONDS) == 0

    started = [transfer.started_wall_seconds - ramp for transfer in by_stream(bench.transfers)]
    assert started == pytest.approx([0.0, 0.5, 1.0, 1.5], abs=0.4)
    assert min(started) >= 0
    assert {transfer.ending for transfer in bench.transfers} == {Ending.RUN_ENDED}
    seconds = [sample.second for sample in bench.samples]
    assert seconds == list(range(seconds[0], ramp + 4))
    assert seconds[0] <= ramp
    assert all(0 <= sample.wall_seconds - sample.second - 1 < 1 for sample in bench.samples)
    assert bench.verified() == sum(transfer.verified_bytes for transfer in bench.transfers)


# What fails


def test_a_refusal_is_a_transfer_with_tors_reason_and_the_stream_dials_again(bench):
    bench.serve()

    def behaviour(number, _):
        return Refuse(0xF2) if number < 2 else Serve(bench.socket("0"))

    with FakeSocks(behaviour) as socks:
        sink = bench.start_sink(socks.port)
        wait_until(lambda: bench.verified() > 0, "payload")
        stop(sink)

    first, second, third = bench.transfers
    assert first.reason == second.reason == "SOCKS refused: F2 onion service introduction failed"
    assert (first.attempt, second.attempt, third.attempt) == (1, 2, 3)
    assert third.ending is Ending.RUN_ENDED
    assert bench.samples[-1].failed == 2
    pauses = [b.started_wall_seconds - a.started_wall_seconds for a, b in pairwise(bench.transfers)]
    assert 0.25 <= pauses[0] < pauses[1]


def test_a_client_tor_that_is_not_there_is_named_unreachable(bench):
    bench.start_sink(free_port())

    transfer = bench.first_transfer()
    assert transfer.reason == "client tor unreachable: Connection refused"
    assert transfer.client == "client 0"


@pytest.mark.parametrize(
    ("behaviour", "ending"),
    [(Ignore(), Ending.CONNECT_TIMEOUT), (Say(b""), Ending.NO_FIRST_BYTE)],
)
def test_a_dial_that_leads_to_nothing_is_given_up(bench, behaviour, ending):
    with FakeSocks(lambda *_: behaviour) as socks:
        bench.start_sink(socks.port, connect_seconds=1.0)
        transfer = bench.first_transfer()

    assert transfer.ending is ending
    assert 1.0 <= transfer.ended_after_seconds < 4.0


@pytest.mark.parametrize(
    ("then", "ending"),
    [
        ("close", Ending.CLOSED),
        ("reset", Ending.RESET),
        ("fall silent", Ending.STALLED),
    ],
)
def test_a_stream_that_ends_early_says_how_and_dials_again(bench, then, ending):
    bench.serve()
    serve = Serve(bench.socket("0"), limit_bytes=100_000, then=then)
    with FakeSocks(lambda *_: serve) as socks:
        bench.start_sink(socks.port, stall_seconds=1.0)
        transfer = bench.first_transfer()
        wait_until(lambda: len(socks.dials) >= 2, "a second attempt")

    assert transfer.ending is ending
    assert transfer.backend == "0"
    assert 0 < transfer.connected_after_seconds <= transfer.first_byte_after_seconds
    if then != "reset":  # a reset throws away what is not yet read
        assert transfer.verified_bytes == 100_000 - HEAD_BYTES


def test_a_wrong_byte_ends_the_attempt_as_corrupt_and_is_counted(bench):
    bench.serve()
    serve = Serve(bench.socket("0"), wrong_at=HEAD_BYTES + 1_000_000, limit_bytes=2_000_000)
    with FakeSocks(lambda *_: serve) as socks:
        bench.start_sink(socks.port)
        transfer = bench.first_transfer()
        wait_until(lambda: any(sample.corrupt_bytes for sample in bench.samples), "the sample")

    assert transfer.ending is Ending.CORRUPT
    assert transfer.detail == "payload byte 1000000 is wrong"
    assert transfer.verified_bytes == 1_000_000
    assert transfer.backend == "0"


def test_zeros_as_netcat_might_send_them_are_not_our_source_and_not_corrupt_payload(bench):
    with FakeSocks(lambda *_: Say(bytes(100_000))) as socks:
        sink = bench.start_sink(socks.port)
        transfer = bench.first_transfer()
        stop(sink)

    assert transfer.ending is Ending.NOT_OUR_SOURCE
    assert transfer.detail.startswith(r"it began with b'\x00\x00")
    assert transfer.backend is None
    assert all(sample.corrupt_bytes == 0 for sample in bench.samples)
    assert all(sample.verified_bytes == {} for sample in bench.samples)


# How processes end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_both_processes_in_order(bench, number):
    source = bench.serve()
    with FakeSocks(lambda *_: Serve(bench.socket("0"))) as socks:
        sink = bench.start_sink(socks.port, streams=2)
        wait_until(lambda: bench.verified() > 0, "payload")
        assert stop(sink, number) == 0
    assert stop(source, number) == 0

    assert [transfer.ending for transfer in bench.transfers] == [Ending.RUN_ENDED] * 2
    assert bench.verified() == sum(transfer.verified_bytes for transfer in bench.transfers)
    assert not bench.socket("0").exists()
    assert bench.stderr("sink") == bench.stderr("source") == ""
    for samples in (bench.samples, bench.source_samples):
        assert 0 <= samples[-1].wall_seconds - samples[-1].second < 1.5


@pytest.mark.parametrize("path", ["record_path", "transfers_path"])
def test_a_sink_whose_disk_is_full_says_so_and_exits_with_8(bench, path):
    with FakeSocks(lambda *_: Refuse(1)) as socks:
        sink = bench.start_sink(socks.port, **{path: "/dev/full"})
        assert sink.wait(DEADLINE_SECONDS) == 8

    assert bench.stderr("sink").startswith("error: /dev/full: the disk is full")


def test_a_source_whose_disk_is_full_says_so_exits_with_8_and_leaves_no_socket(bench):
    source = bench.start_source(record="/dev/full")

    assert source.wait(DEADLINE_SECONDS) == 8
    assert bench.stderr("source").startswith("error: /dev/full: the disk is full")
    assert not bench.socket("0").exists()


def test_orders_that_cannot_be_read_are_named_and_exit_with_11(bench):
    sink = bench.start_sink(1, schedule_path=str(bench.directory / "absent.json"))

    assert sink.wait(DEADLINE_SECONDS) == 11
    assert "absent.json: No such file or directory" in bench.stderr("sink")


# The source's sockets


def test_only_its_owner_may_use_a_sources_socket(bench):
    bench.serve()

    assert stat.S_IMODE(bench.socket("0").stat().st_mode) == 0o600


def test_a_socket_left_by_a_killed_source_does_not_stop_the_next(bench):
    bench.serve().kill()
    wait_until(lambda: not can_connect(bench.socket("0")), "the first source's end")
    assert bench.socket("0").exists()

    bench.serve()


def test_what_a_client_sends_to_a_source_changes_nothing(bench):
    bench.serve()
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(DEADLINE_SECONDS)
        client.connect(os.fspath(bench.socket("0")))
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")

        assert client.recv(HEAD_BYTES, socket.MSG_WAITALL) == head_line("here", "0")
        assert client.recv(64, socket.MSG_WAITALL).startswith(b"onionrig payload, line 00000")


# Load and interruptions


def test_a_thousand_streams_take_little_memory_and_no_more_with_time(bench):
    bench.serve()
    serve = Serve(bench.socket("0"), pace_seconds=0.5)
    with FakeSocks(lambda *_: serve) as socks:
        sink = bench.start_sink(socks.port, streams=1000)
        wait_until(lambda: bench.samples and bench.samples[-1].streams == {"0": 1000}, "streams")
        early = psutil.Process(sink.pid).memory_info().rss
        seen = len(bench.samples)
        wait_until(lambda: len(bench.samples) >= seen + 4, "four more seconds")
        late = psutil.Process(sink.pid).memory_info().rss
        stop(sink)

    assert late < 60 << 20
    assert late - early < 2 << 20
    assert len(bench.transfers) == 1000
    assert {transfer.ending for transfer in bench.transfers} == {Ending.RUN_ENDED}


def test_a_sink_that_was_stopped_leaves_a_gap_and_invents_no_seconds(bench):
    bench.serve()
    with FakeSocks(lambda *_: Serve(bench.socket("0"))) as socks:
        sink = bench.start_sink(socks.port, streams=2, stall_seconds=2.0)
        wait_until(lambda: len(bench.samples) >= 3, "three samples")
        sink.send_signal(signal.SIGSTOP)
        stopped = bench.samples[-1].second
        wait_until(lambda: bench.source_samples[-1].second >= stopped + 5, "five seconds")
        sink.send_signal(signal.SIGCONT)
        wait_until(lambda: bench.samples[-1].second >= stopped + 8, "samples after the gap")
        assert stop(sink) == 0

    seconds = [sample.second for sample in bench.samples]
    gaps = [(a, b) for a, b in pairwise(seconds) if b != a + 1]
    assert len(gaps) == 1
    before, after = gaps[0]
    assert stopped <= before <= stopped + 1
    assert after >= stopped + 6
    assert bench.verified() == sum(transfer.verified_bytes for transfer in bench.transfers)
    assert {transfer.ending for transfer in bench.transfers} == {Ending.RUN_ENDED}


# The probe


def probe(port, timeout_seconds=10.0):
    client = SocksEndpoint(name="client 0", host="127.0.0.1", port=port)
    credentials = Credentials(username="probe", password=str(port))
    dial = dial_once(ADDRESS, PORT, client, credentials, timeout_seconds=timeout_seconds)
    return asyncio.run(dial)


def test_a_probe_names_the_backend_that_served_it(bench):
    bench.serve()
    with FakeSocks(lambda *_: Serve(bench.socket("0"))) as socks:
        transfer = probe(socks.port)

    assert not transfer.failed
    assert transfer.stream == STREAM
    assert transfer.backend == "0"
    assert transfer.verified_bytes >= ENOUGH_BYTES
    assert 0 < transfer.connected_after_seconds <= transfer.first_byte_after_seconds


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (Refuse(0xF7), "SOCKS refused: F7 onion service introduction timed out"),
        (Ignore(), "connect timeout"),
        (Say(b""), "no first byte"),
        (Say(head_line("here", "0")), "stalled"),
        (Say(b"SSH-2.0-OpenSSH_9.2\r\n"), "not our source"),
        (Say(head_line("here", "0") + bytes(9)), "corrupt payload"),
    ],
)
def test_a_probe_that_fails_says_why(behaviour, reason):
    with FakeSocks(lambda *_: behaviour) as socks:
        transfer = probe(socks.port, timeout_seconds=1.0)

    assert transfer.reason == reason


def test_a_probe_of_a_client_tor_that_is_not_there_says_so():
    assert probe(free_port()).ending is Ending.CLIENT_UNREACHABLE

"""Sources and sinks as processes: how they end, their sockets, load, and interruptions."""

import os
import signal
import socket
import stat
import time

import psutil
import pytest

from onionrig.movers.payload import head_line
from onionrig.records.streams.transfers import Ending
from support.processes.fake_socks import FakeSocks, Refuse, Serve
from support.processes.movers_bench import (
    HEAD_BYTES,
    hold_up,
    listens_at,
    seconds_within,
    since,
    stop,
)
from support.waiting import HANG_SECONDS, until

pytestmark = pytest.mark.process


# How processes end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_both_processes_in_order(bench, number):
    source = bench.serve()
    with FakeSocks(lambda *_: Serve(bench.socket("0"))) as socks:
        sink = bench.start_sink(socks.port, streams=2)
        until(lambda: bench.verified() > 0, "payload")
        told_at = time.monotonic()
        assert stop(sink, number) == 0
    assert stop(source, number) == 0

    assert [transfer.ending for transfer in bench.transfers] == [Ending.RUN_ENDED] * 2
    assert bench.verified() == sum(transfer.verified_bytes for transfer in bench.transfers)
    assert not bench.socket("0").exists()
    assert bench.stderr("sink") == bench.stderr("source") == ""
    for samples in (bench.samples, bench.source_samples):
        # the second that is not yet over as the signal comes has its sample
        assert samples[-1].monotonic_seconds >= told_at


@pytest.mark.parametrize("path", ["record_path", "transfers_path"])
def test_a_sink_whose_disk_is_full_says_so_and_exits_with_8(bench, path):
    with FakeSocks(lambda *_: Refuse(1)) as socks:
        sink = bench.start_sink(socks.port, **{path: "/dev/full"})
        assert sink.wait(HANG_SECONDS) == 8

    assert bench.stderr("sink").startswith("error: /dev/full: the disk is full")


def test_a_source_whose_disk_is_full_says_so_exits_with_8_and_leaves_no_socket(bench):
    source = bench.start_source(record="/dev/full")

    assert source.wait(HANG_SECONDS) == 8
    assert bench.stderr("source").startswith("error: /dev/full: the disk is full")
    assert not bench.socket("0").exists()


def test_orders_that_cannot_be_read_are_named_and_exit_with_11(bench):
    sink = bench.start_sink(1, schedule_path=str(bench.directory / "absent.json"))

    assert sink.wait(HANG_SECONDS) == 11
    assert "absent.json: No such file or directory" in bench.stderr("sink")


# The source's sockets


def test_only_its_owner_may_use_a_sources_socket(bench):
    bench.serve()

    assert stat.S_IMODE(bench.socket("0").stat().st_mode) == 0o600


def test_a_socket_left_by_a_killed_source_does_not_stop_the_next(bench):
    bench.serve().kill()
    until(lambda: not listens_at(bench.socket("0")), "the first source's end")
    assert bench.socket("0").exists()

    bench.serve()


def test_what_a_client_sends_to_a_source_changes_nothing(bench):
    bench.serve()
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(HANG_SECONDS)
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
        until(lambda: bench.samples and bench.samples[-1].streams == {"0": 1000}, "streams")
        early = psutil.Process(sink.pid).memory_info().rss
        seen = len(bench.samples)
        until(lambda: len(bench.samples) >= seen + 4, "four more seconds")
        late = psutil.Process(sink.pid).memory_info().rss
        stop(sink)

    assert late < 60 << 20
    assert late - early < 2 << 20
    assert len(bench.transfers) == 1000
    assert {transfer.ending for transfer in bench.transfers} == {Ending.RUN_ENDED}


def test_a_sink_that_was_stopped_leaves_a_gap_and_invents_no_seconds(bench):
    bench.serve()
    with FakeSocks(lambda *_: Serve(bench.socket("0"))) as socks:
        sink = bench.start_sink(socks.port, streams=2)
        until(lambda: bench.samples and bench.samples[-1].streams == {"0": 2}, "both streams")
        began, ended = hold_up(sink, 5)
        until(lambda: len(since(bench.samples, ended)) >= 2, "samples after the gap")
        assert stop(sink) == 0

    seconds = [sample.second for sample in bench.samples]
    assert seconds == sorted(set(seconds))
    assert not seconds_within(bench.samples, began, ended) & set(seconds)
    assert bench.verified() == sum(transfer.verified_bytes for transfer in bench.transfers)
    assert [transfer.ending for transfer in bench.transfers] == [Ending.RUN_ENDED] * 2

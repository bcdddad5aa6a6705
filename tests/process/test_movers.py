"""Real sources and sinks, joined by a SOCKS port that can misbehave as a client tor can."""

import time
from collections import Counter
from itertools import pairwise

import pytest

from onionrig.movers.pacing import first_dial_second
from onionrig.records.streams.schedule import Schedule
from onionrig.records.streams.transfers import Ending
from support.processes.fake_socks import FakeSocks, Ignore, Refuse, Say, Serve
from support.processes.movers_bench import (
    ADDRESS,
    HEAD_BYTES,
    PORT,
    free_port,
    stop,
)
from support.waiting import HANG_SECONDS, RUN_SECONDS, until

pytestmark = pytest.mark.process


def by_stream(transfers):
    return sorted(transfers, key=lambda transfer: (transfer.stream, transfer.attempt))


def least_attempts(bench, streams):
    """How many attempts have ended of the stream that has the fewest."""
    ended = Counter(transfer.stream for transfer in bench.transfers)
    return min(ended[stream] for stream in range(streams))


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
        until(lambda: all(bench.verified(name) == expected[name] for name in limits), "every byte")
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
    # bounded, so that nothing is in flight but what waits before the SOCKS port
    serve = Serve(bench.socket("0"), limit_bytes=5_000_000, then="fall silent")
    relayed = 4 * (5_000_000 - HEAD_BYTES)
    with FakeSocks(lambda *_: serve) as socks:
        sink = bench.start_sink(socks.port, streams=4)
        until(lambda: bench.verified() >= relayed, "every byte")
        assert stop(sink) == 0
    assert stop(source) == 0

    sent = sum(sample.sent_bytes["0"] for sample in bench.source_samples)
    most_in_flight = 4 * 4 * (1 << 20)
    assert bench.verified() == relayed
    assert relayed <= sent <= relayed + most_in_flight


def test_payload_that_comes_together_with_the_socks_reply_is_not_lost(bench):
    # the evidence: until() fails if a byte is missing or counted twice
    bench.serve()
    serve = Serve(
        bench.socket("0"), limit_bytes=500_000, then="fall silent", reply_with_payload=True
    )
    with FakeSocks(lambda *_: serve) as socks:
        bench.start_sink(socks.port)
        until(lambda: bench.verified() == 500_000 - HEAD_BYTES, "every byte")


def test_a_trickle_below_the_low_water_mark_is_counted_while_its_stream_stays_open(bench):
    bench.serve()
    serve = Serve(bench.socket("0"), limit_bytes=100_000, then="fall silent", pace_seconds=0.1)
    with FakeSocks(lambda *_: serve) as socks:
        bench.start_sink(socks.port)
        until(lambda: bench.verified() == 100_000 - HEAD_BYTES, "every byte")
        assert bench.transfers == []


# What is dialled


def test_every_attempt_of_every_stream_has_credentials_of_its_own(bench):
    with FakeSocks(lambda *_: Refuse(0xF0)) as socks:
        bench.start_sink(socks.port, streams=5)
        until(lambda: least_attempts(bench, 5) >= 3, "three attempts of five streams")

    assert len({(dial.username, dial.password) for dial in socks.dials}) == len(socks.dials)
    assert len({dial.username for dial in socks.dials}) == 5
    assert {(dial.address, dial.port) for dial in socks.dials} == {(ADDRESS, PORT)}


def test_streams_take_the_clients_in_turn(bench):
    with FakeSocks(lambda *_: Ignore()) as even, FakeSocks(lambda *_: Ignore()) as odd:
        sink = bench.start_sink(even.port, odd.port, streams=5)
        until(lambda: len(even.dials) + len(odd.dials) == 5, "five dials")
        stop(sink)

    assert (len(even.dials), len(odd.dials)) == (3, 2)
    assert [t.client for t in by_stream(bench.transfers)] == [
        "client 0",
        "client 1",
        "client 0",
        "client 1",
        "client 0",
    ]


def test_streams_dial_in_turn_and_none_before_its_place_in_the_ramp(bench):
    bench.serve()
    ramp = int(time.time()) + 2
    schedule = Schedule(
        ramp_second=ramp, hold_second=ramp + 2, end_second=ramp + int(RUN_SECONDS), streams=4
    )
    with FakeSocks(lambda *_: Serve(bench.socket("0"))) as socks:
        sink = bench.start_sink(socks.port, schedule=schedule)
        until(lambda: bench.samples and bench.samples[-1].streams == {"0": 4}, "four streams")
        assert stop(sink) == 0

    started = [transfer.started_wall_seconds for transfer in by_stream(bench.transfers)]
    due = [first_dial_second(number, schedule) for number in range(4)]
    assert len(started) == 4
    assert all(at >= earliest for at, earliest in zip(started, due, strict=True))
    assert started == sorted(started)


def test_a_run_ends_by_itself_when_its_schedule_does_and_not_before(bench):
    bench.serve()
    with FakeSocks(lambda *_: Serve(bench.socket("0"))) as socks:
        for seconds in (4, 40, 400):  # until this machine gets as far as to dial meanwhile
            now = int(time.time())
            end = now + seconds
            schedule = Schedule(ramp_second=now, hold_second=now, end_second=end, streams=2)
            sink = bench.start_sink(socks.port, schedule=schedule)
            assert sink.wait(seconds + HANG_SECONDS) == 0
            assert time.time() >= end
            if bench.transfers:
                break

    assert [transfer.ending for transfer in bench.transfers] == [Ending.RUN_ENDED] * 2
    assert all(t.started_wall_seconds + t.ended_after_seconds >= end for t in bench.transfers)
    seconds = [sample.second for sample in bench.samples]
    assert seconds == sorted(set(seconds))
    assert seconds[-1] < end
    assert all(sample.wall_seconds >= sample.second + 1 for sample in bench.samples)
    assert bench.verified() == sum(transfer.verified_bytes for transfer in bench.transfers)


# What fails


def test_a_refusal_is_a_transfer_with_tors_reason_and_the_stream_dials_again(bench):
    bench.serve()

    def behaviour(number, _):
        return Refuse(0xF2) if number < 2 else Serve(bench.socket("0"))

    with FakeSocks(behaviour) as socks:
        sink = bench.start_sink(socks.port)
        until(lambda: bench.verified() > 0, "payload")
        stop(sink)

    first, second, third = bench.transfers
    assert first.reason == second.reason == "SOCKS refused: F2 onion service introduction failed"
    assert (first.attempt, second.attempt, third.attempt) == (1, 2, 3)
    assert third.ending is Ending.RUN_ENDED
    assert bench.samples[-1].failed == 2
    pauses = [b.started_wall_seconds - a.started_wall_seconds for a, b in pairwise(bench.transfers)]
    assert pauses[0] >= 0.25
    assert pauses[1] >= 0.5


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
        until(lambda: any(transfer.ending is ending for transfer in bench.transfers), str(ending))
        transfers = bench.transfers

    for transfer in transfers:
        connected_after = transfer.connected_after_seconds
        # on a slow machine the SOCKS reply may take longer than a second, too
        missed = Ending.CONNECT_TIMEOUT if connected_after is None else Ending.NO_FIRST_BYTE
        assert transfer.ending is missed
        assert transfer.ended_after_seconds - (connected_after or 0.0) >= 1.0


@pytest.mark.parametrize(("then", "ending"), [("close", Ending.CLOSED), ("reset", Ending.RESET)])
def test_a_stream_that_ends_early_says_how_and_dials_again(bench, then, ending):
    bench.serve()
    serve = Serve(bench.socket("0"), limit_bytes=100_000, then=then)
    with FakeSocks(lambda *_: serve) as socks:
        bench.start_sink(socks.port)
        transfer = bench.first_transfer()
        until(lambda: len(socks.dials) >= 2, "a second attempt")

    assert transfer.ending is ending
    assert transfer.backend == "0"
    assert 0 < transfer.connected_after_seconds <= transfer.first_byte_after_seconds
    if then != "reset":  # a reset throws away what is not yet read
        assert transfer.verified_bytes == 100_000 - HEAD_BYTES


def test_a_stream_that_falls_silent_has_stalled_and_dials_again(bench):
    bench.serve()
    # all of it in one piece, or a relay that is held up between two would be silent as well
    serve = Serve(bench.socket("0"), limit_bytes=100, then="fall silent", reply_with_payload=True)
    with FakeSocks(lambda *_: serve) as socks:
        bench.start_sink(socks.port, stall_seconds=1.0)
        transfer = bench.first_transfer()
        until(lambda: len(socks.dials) >= 2, "a second attempt")

    assert transfer.ending is Ending.STALLED
    assert transfer.backend == "0"
    assert transfer.verified_bytes == 100 - HEAD_BYTES
    assert 0 < transfer.connected_after_seconds <= transfer.first_byte_after_seconds
    assert transfer.ended_after_seconds - transfer.first_byte_after_seconds >= 1.0


def test_a_wrong_byte_ends_the_attempt_as_corrupt_and_is_counted(bench):
    bench.serve()
    serve = Serve(bench.socket("0"), wrong_at=HEAD_BYTES + 1_000_000, limit_bytes=2_000_000)
    with FakeSocks(lambda *_: serve) as socks:
        bench.start_sink(socks.port)
        transfer = bench.first_transfer()
        until(lambda: any(sample.corrupt_bytes for sample in bench.samples), "the sample")

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

"""A pinger beside a real source's echo: each answer is matched to its question, or is missing."""

import signal
from itertools import pairwise

import pytest

from support.processes.fake_socks import Echo, FakeSocks, Ignore, Refuse, Say
from support.processes.movers_bench import (
    ADDRESS,
    PORT,
    free_port,
    hold_up,
    seconds_within,
    since,
    stop,
)
from support.waiting import HANG_SECONDS, until

pytestmark = pytest.mark.process


def round_trips(bench, client="client 0"):
    return [sample.round_trip_seconds[client] for sample in bench.pings]


def answered(bench, client="client 0"):
    return [seconds for seconds in round_trips(bench, client) if seconds is not None]


def check_times(bench, dial, client="client 0"):
    """Judge what a line that was never dialled anew has measured by what its other end saw."""
    pings = bench.pings
    for number, asked_at in enumerate(dial.asked_at, start=1):
        # a question follows a sample, and no two the same
        assert sum(ping.monotonic_seconds <= asked_at for ping in pings) >= number
    sooner = pings[0]
    with_answer = [ping for ping in pings if ping.round_trip_seconds[client] is not None]
    # the last second has no sample, so that an answer may be without
    for asked_at, answered_at, ping in zip(
        dial.asked_at, dial.answered_at, with_answer, strict=False
    ):
        took = ping.round_trip_seconds[client]
        assert answered_at <= ping.monotonic_seconds
        assert took >= answered_at - asked_at
        assert took <= ping.monotonic_seconds - sooner.monotonic_seconds
        sooner = ping


def test_each_client_is_asked_once_a_second_at_most_and_its_answers_are_its_own(bench):
    bench.serve()
    near = FakeSocks(lambda *_: Echo(bench.echo_socket("0"), delay_seconds=0.05))
    far = FakeSocks(lambda *_: Echo(bench.echo_socket("0"), delay_seconds=0.4))
    with near, far:
        pinger = bench.start_pinger(near.port, far.port)
        until(lambda: len(answered(bench)) >= 5, "answers from near")
        until(lambda: len(answered(bench, "client 1")) >= 5, "answers from far")
        assert stop(pinger) == 0

    check_times(bench, near.dials[0])
    check_times(bench, far.dials[0], "client 1")
    assert all(seconds >= 0.05 for seconds in answered(bench))
    assert all(seconds >= 0.4 for seconds in answered(bench, "client 1"))
    seconds = [sample.second for sample in bench.pings]
    assert seconds == sorted(set(seconds))
    assert all(sample.wall_seconds >= sample.second + 1 for sample in bench.pings)
    assert [len(socks.dials) for socks in (near, far)] == [1, 1]
    assert {(dial.address, dial.port) for dial in near.dials + far.dials} == {(ADDRESS, PORT)}
    assert near.dials[0].username != far.dials[0].username
    assert bench.stderr("pinger") == ""


def test_a_late_answer_counts_no_sooner_than_it_came_with_the_time_it_took(bench):
    bench.serve()
    with FakeSocks(lambda *_: Echo(bench.echo_socket("0"), delay_seconds=1.3)) as socks:
        bench.start_pinger(socks.port)
        until(lambda: len(answered(bench)) >= 2, "two answers")

    check_times(bench, socks.dials[0])
    assert all(seconds >= 1.3 for seconds in answered(bench))
    assert round_trips(bench)[0] is None
    assert len(socks.dials) == 1


def test_a_line_that_falls_silent_is_dialled_anew_with_fresh_credentials(bench):
    bench.serve()

    def behaviour(number, _):
        return Echo(bench.echo_socket("0"), answers=2 if number == 0 else None, then="fall silent")

    with FakeSocks(behaviour) as socks:
        bench.start_pinger(socks.port, patient=False)
        until(lambda: len(answered(bench)) >= 4, "answers after the silence")

    first, second = socks.dials[:2]
    assert (first.username, first.password) != (second.username, second.password)
    assert len(first.asked_at) == 2
    assert second.requested_at - first.answered_at[1] >= 10
    heard = [at for at, seconds in enumerate(round_trips(bench)) if seconds is not None]
    assert heard[2] - heard[1] > 1
    assert bench.stderr("pinger").startswith("client 0: no answer within 10 s")


def test_a_client_tor_that_dies_and_comes_back_is_asked_again(bench):
    bench.serve()
    echo = Echo(bench.echo_socket("0"))
    with FakeSocks(lambda *_: echo) as socks:
        pinger = bench.start_pinger(socks.port)
        until(lambda: answered(bench), "an answer")
    seen = len(bench.pings)
    until(lambda: round_trips(bench)[seen:].count(None) >= 2, "silence")
    with FakeSocks(lambda *_: echo, port=socks.port):
        heard = len(answered(bench))
        until(lambda: len(answered(bench)) > heard + 1, "answers again")
        assert stop(pinger) == 0


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (Refuse(0xF0), "SOCKS refused: F0 onion service descriptor can not be found"),
        (Say(b"onionrig 1 host=here backend=0\n"), "what came back is not what was sent"),
        (Say(b""), None),
        (Ignore(), None),
    ],
)
def test_where_nothing_echoes_there_is_no_answer_and_no_error(bench, behaviour, message):
    dials = 1 if message is None else 4
    with FakeSocks(lambda *_: behaviour) as socks:
        pinger = bench.start_pinger(socks.port)
        until(lambda: len(socks.dials) >= dials and len(bench.pings) >= 4, "dials, and seconds")
        assert stop(pinger) == 0

    assert answered(bench) == []
    if message is None:
        assert len(socks.dials) == 1
    else:
        pauses = [b.requested_at - a.requested_at for a, b in pairwise(socks.dials)]
        assert all(pause >= due for pause, due in zip(pauses, (0.25, 0.5, 1.0), strict=False))
        assert len({dial.password for dial in socks.dials}) == len(socks.dials)
        assert bench.stderr("pinger") == f"client 0: {message}; dialling again until it answers\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_pinger_without_its_client_tor_waits_for_it_until_a_signal_comes(bench, number):
    pinger = bench.start_pinger(free_port())
    until(lambda: len(bench.pings) >= 3, "three seconds")

    assert stop(pinger, number) == 0
    assert round_trips(bench) == [None] * len(bench.pings)
    assert "Connection refused" in bench.stderr("pinger")


def test_a_pinger_that_was_stopped_leaves_a_gap_and_goes_on(bench):
    bench.serve()
    with FakeSocks(lambda *_: Echo(bench.echo_socket("0"))) as socks:
        pinger = bench.start_pinger(socks.port)
        until(lambda: len(answered(bench)) >= 2, "answers")
        began, ended = hold_up(pinger, 5)
        heard = len(answered(bench))
        until(lambda: len(answered(bench)) >= heard + 2, "answers after the gap")
        until(lambda: len(since(bench.pings, ended)) >= 2, "samples after the gap")

    seconds = [sample.second for sample in bench.pings]
    assert seconds == sorted(set(seconds))
    assert not seconds_within(bench.pings, began, ended) & set(seconds)
    assert len(socks.dials) == 1


def test_a_pinger_whose_disk_is_full_says_so_and_exits_with_8(bench):
    pinger = bench.start_pinger(free_port(), record="/dev/full")

    assert pinger.wait(HANG_SECONDS) == 8
    assert "error: /dev/full: the disk is full" in bench.stderr("pinger")

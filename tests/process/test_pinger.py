"""A pinger beside a real source's echo: each answer is matched to its question, or is missing."""

import signal
import statistics
from itertools import pairwise

import pytest

from fake_socks import Echo, FakeSocks, Ignore, Refuse, Say
from movers_bench import ADDRESS, DEADLINE_SECONDS, PORT, free_port, stop, wait_until

pytestmark = pytest.mark.process


def round_trips(bench, client="client 0"):
    return [sample.round_trip_seconds[client] for sample in bench.pings]


def answered(bench, client="client 0"):
    return [seconds for seconds in round_trips(bench, client) if seconds is not None]


def test_each_second_each_client_is_asked_once_as_the_second_begins(bench):
    bench.serve()
    near = FakeSocks(lambda *_: Echo(bench.echo_socket("0"), delay_seconds=0.05))
    far = FakeSocks(lambda *_: Echo(bench.echo_socket("0"), delay_seconds=0.4))
    with near, far:
        pinger = bench.start_pinger(near.port, far.port)
        wait_until(lambda: len(bench.pings) >= 7, "seven seconds")
        assert stop(pinger) == 0

    assert len(answered(bench)) >= 5
    assert all(0.05 <= seconds < 0.4 for seconds in answered(bench))
    assert all(0.4 <= seconds < 1.0 for seconds in answered(bench, "client 1"))
    seconds = [sample.second for sample in bench.pings]
    assert seconds == list(range(seconds[0], seconds[0] + len(seconds)))
    asked_at = near.dials[0].asked_at
    assert all(later - sooner > 0.5 for sooner, later in pairwise(asked_at))
    assert statistics.median(at % 1 for at in asked_at) < 0.2
    assert [len(socks.dials) for socks in (near, far)] == [1, 1]
    assert {(dial.address, dial.port) for dial in near.dials + far.dials} == {(ADDRESS, PORT)}
    assert near.dials[0].username != far.dials[0].username
    assert bench.stderr("pinger") == ""


def test_a_late_answer_counts_in_its_own_second_with_the_time_it_took(bench):
    bench.serve()
    with FakeSocks(lambda *_: Echo(bench.echo_socket("0"), delay_seconds=1.3)) as socks:
        bench.start_pinger(socks.port)
        wait_until(lambda: len(answered(bench)) >= 2, "two answers")

    assert all(1.3 <= seconds < 2.0 for seconds in answered(bench))
    shown = round_trips(bench)
    first = next(at for at, seconds in enumerate(shown) if seconds is not None)
    assert first >= 1
    assert shown[first + 1] is None
    assert len(socks.dials) == 1


def test_a_line_that_falls_silent_is_dialled_anew_with_fresh_credentials(bench):
    bench.serve()

    def behaviour(number, _):
        return Echo(bench.echo_socket("0"), answers=2 if number == 0 else None, then="fall silent")

    with FakeSocks(behaviour) as socks:
        bench.start_pinger(socks.port)
        wait_until(lambda: len(answered(bench)) >= 4, "answers after the silence")

    first, second = socks.dials
    assert (first.username, first.password) != (second.username, second.password)
    shown = round_trips(bench)
    silent = shown.index(None, 2)
    assert shown[silent : silent + 10] == [None] * 10
    assert len(first.asked_at) == 2
    assert bench.stderr("pinger").startswith("client 0: no answer within 10 s")


def test_a_client_tor_that_dies_and_comes_back_is_asked_again(bench):
    bench.serve()
    echo = Echo(bench.echo_socket("0"))
    with FakeSocks(lambda *_: echo) as socks:
        pinger = bench.start_pinger(socks.port)
        wait_until(lambda: answered(bench), "an answer")
    seen = len(bench.pings)
    wait_until(lambda: round_trips(bench)[seen:].count(None) >= 2, "silence")
    with FakeSocks(lambda *_: echo, port=socks.port):
        heard = len(answered(bench))
        wait_until(lambda: len(answered(bench)) > heard + 1, "answers again")
        assert stop(pinger) == 0


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (Refuse(0xF0), "SOCKS refused: F0 onion service descriptor can not be found"),
        (Say(b"onionrig 1 host=here backend=0\n"), "what came back is not what was sent"),
        (Say(b""), None),
        (Ignore(), None),
    ],
)
def test_where_nothing_echoes_there_is_no_answer_and_no_error(bench, behaviour, said):
    with FakeSocks(lambda *_: behaviour) as socks:
        pinger = bench.start_pinger(socks.port)
        wait_until(lambda: len(bench.pings) >= 4, "four seconds")
        assert stop(pinger) == 0

    assert answered(bench) == []
    if said is None:
        assert len(socks.dials) == 1
    else:
        # after 0.25, 0.5, 1 and 2 s
        assert 3 <= len(socks.dials) <= 5
        assert len({dial.password for dial in socks.dials}) == len(socks.dials)
        assert bench.stderr("pinger") == f"client 0: {said}; dialling again until it answers\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_pinger_without_its_client_tor_waits_for_it_until_a_signal_comes(bench, number):
    pinger = bench.start_pinger(free_port())
    wait_until(lambda: len(bench.pings) >= 3, "three seconds")

    assert stop(pinger, number) == 0
    assert round_trips(bench) == [None] * len(bench.pings)
    assert "Connection refused" in bench.stderr("pinger")


def test_a_pinger_that_was_stopped_leaves_a_gap_and_goes_on(bench):
    bench.serve()
    with FakeSocks(lambda *_: Echo(bench.echo_socket("0"))) as socks:
        pinger = bench.start_pinger(socks.port)
        wait_until(lambda: len(answered(bench)) >= 2, "answers")
        pinger.send_signal(signal.SIGSTOP)
        stopped = bench.pings[-1].second
        wait_until(lambda: bench.source_samples[-1].second >= stopped + 4, "four seconds")
        pinger.send_signal(signal.SIGCONT)
        heard = len(answered(bench))
        wait_until(lambda: len(answered(bench)) >= heard + 2, "answers after the gap")

    seconds = [sample.second for sample in bench.pings]
    assert [later - sooner for sooner, later in pairwise(seconds) if later != sooner + 1] != []
    assert len(socks.dials) == 1


def test_a_pinger_whose_disk_is_full_says_so_and_exits_with_8(bench):
    pinger = bench.start_pinger(free_port(), record="/dev/full")

    assert pinger.wait(DEADLINE_SECONDS) == 8
    assert "error: /dev/full: the disk is full" in bench.stderr("pinger")

"""What a tor's MetricsPort says, and when it is asked."""

import http.client
import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.movers.sampler.tors import due_seconds
from onionrig.records.samples import TorCounters
from onionrig.records.streams.schedule import Schedule
from onionrig.tor.counters import counters_from
from onionrig.tor.metrics_port import page_from

ONE, OTHER = "a" * 56, "b" * 56

# tor 0.4.9.11's lines, other values; tor prints them in an order that changes with each start
RELAY = """\
# HELP tor_relay_connections Total number of opened connections
# TYPE tor_relay_connections gauge
tor_relay_connections{type="OR listener",direction="initiated",state="opened",family="ipv4"} 1
tor_relay_connections{type="OR listener",direction="initiated",state="opened",family="ipv6"} 0
tor_relay_connections{type="OR",direction="initiated",state="opened",family="ipv4"} 31
# HELP tor_relay_traffic_bytes Traffic related counters
# TYPE tor_relay_traffic_bytes counter
tor_relay_traffic_bytes{direction="read"} 5368709120
tor_relay_traffic_bytes{direction="written"} 5368709121
"""
CLIENT = RELAY.replace('family="ipv4"} 1', 'family="ipv4"} 0')
BACKEND = CLIENT + "".join(
    f"""\
# HELP tor_hs_rdv_error_count Total number of rendezvous circuit errors
# TYPE tor_hs_rdv_error_count counter
tor_hs_rdv_error_count{{onion="{onion}",reason="rp_conn_failure"}} 2
tor_hs_rdv_error_count{{onion="{onion}",reason="retry"}} 0
# TYPE tor_hs_app_write_bytes_total counter
tor_hs_app_write_bytes_total{{onion="{onion}",port="9000"}} 77
# TYPE tor_hs_app_read_bytes_total counter
tor_hs_app_read_bytes_total{{onion="{onion}",port="9000"}} 12884901888
tor_hs_app_read_bytes_total{{onion="{onion}",port="9007"}} 41
tor_hs_intro_established_count{{onion="{onion}"}} 3
tor_hs_rdv_established_count{{onion="{onion}"}} 16
tor_hs_rend_circ_build_time_bucket{{onion="{onion}",le="+Inf"}} 40
tor_hs_rdv_num_total{{onion="{onion}"}} 40
tor_hs_intro_num_total{{onion="{onion}"}} 38
"""
    for onion in (ONE,)
)


def counters(text):
    return counters_from(text, read_wall_seconds=1000.25)


def test_a_backend_tells_what_it_took_from_its_source_and_its_circuits():
    assert counters(BACKEND) == TorCounters(
        read_wall_seconds=1000.25,
        application_bytes={"9000": 12 << 30, "9007": 41},
        rendezvous_circuits=40,
        rendezvous_failed={"rp_conn_failure": 2},
        rendezvous_open=16,
        introduction_circuits=3,
        introductions=38,
        relayed_read_bytes=None,
        relayed_written_bytes=None,
    )


def test_several_onion_services_of_a_tor_are_added_up():
    counted = counters(BACKEND + BACKEND.removeprefix(CLIENT).replace(ONE, OTHER))
    assert counted.application_bytes == {"9000": 24 << 30, "9007": 82}
    assert counted.rendezvous_failed == {"rp_conn_failure": 4}
    assert (counted.rendezvous_circuits, counted.introductions) == (80, 76)


def test_a_relay_tells_what_it_relayed_and_has_no_onion_service():
    counted = counters(RELAY)
    assert (counted.relayed_read_bytes, counted.relayed_written_bytes) == (5 << 30, (5 << 30) + 1)
    assert counted.application_bytes == counted.rendezvous_failed == {}
    assert counted.rendezvous_circuits is counted.rendezvous_open is None
    assert counted.introduction_circuits is counted.introductions is None


def test_a_client_has_no_relay_although_tor_counts_its_bytes():
    counted = counters(CLIENT)
    assert counted.relayed_read_bytes is counted.relayed_written_bytes is None


def test_an_empty_page_has_no_counters():
    assert counters("") == counters("# nothing\n")


@given(
    st.integers(0, len(BACKEND) - 1),
    st.sampled_from(["", '"', "{", "}", "=", "\\", "x", "\n", "NaN", "9e999", "-"]),
)
def test_a_page_that_is_damaged_is_read_or_refused_and_nothing_else(at, damage):
    damaged = BACKEND[:at] + damage + BACKEND[at + 1 :]
    try:
        counted = counters(damaged)
    except ValueError:
        return
    assert isinstance(counted, TorCounters)


def schedule(hold, end):
    return Schedule(ramp_second=hold - 5, hold_second=hold, end_second=end, streams=1)


@pytest.mark.parametrize(
    ("hold", "end", "due"),
    [
        (100, 110, [100, 110]),
        (100, 130, [100, 110, 120, 130]),
        (100, 121, [100, 110, 120, 121]),
        (100, 103, [100, 103]),
    ],
)
def test_tors_are_asked_as_the_hold_begins_every_ten_seconds_and_as_it_ends(hold, end, due):
    assert list(due_seconds(schedule(hold, end), after=0)) == due


@given(st.integers(1, 5000), st.integers(0, 6000))
def test_nothing_is_asked_twice_and_nothing_is_left_out(length, split):
    whole = list(due_seconds(schedule(1000, 1000 + length), after=0))
    later = list(due_seconds(schedule(1000, 1000 + length), after=split))
    assert later == [second for second in whole if second > split]
    assert (whole[0], whole[-1]) == (1000, 1000 + length)
    assert all(0 < after - before <= 10 for before, after in pairwise(whole))


def test_without_a_schedule_nobody_is_asked():
    assert list(due_seconds(None, after=0)) == []


class Answered:
    """A connection on which everything that will ever come has come."""

    def __init__(self, answer):
        self._answer = answer

    def sendall(self, request):
        assert request.startswith(b"GET /metrics HTTP/")

    def makefile(self, _mode):
        return io.BytesIO(self._answer)

    def close(self):
        pass


def page(answer):
    connection = http.client.HTTPConnection("127.0.0.1", 1)
    connection.sock = Answered(answer)
    return page_from(connection)


def test_a_page_ends_where_its_head_says_although_the_connection_stays_open():
    head = b"HTTP/1.0 200 OK\r\nDate: x\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n"
    assert page(head + b"metrics 1 and what is not its own") == "metrics 1"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nmetrics",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"\r\n\r\n",
        b"",
    ],
)
def test_an_answer_that_is_no_page_of_known_length_is_refused(answer):
    with pytest.raises(ValueError, match=r"answered|says no length"):
        page(answer)


ANSWERS = st.one_of(
    st.binary(),
    st.binary().map(lambda rest: b"HTTP/1.0 200 OK\r\n" + rest),
    st.binary().map(lambda rest: b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n" + rest),
)


@given(ANSWERS)
def test_no_answer_is_too_strange(answer):
    try:
        assert isinstance(page(answer), str)
    except ValueError:
        return

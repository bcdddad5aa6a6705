"""The sampler beside pages of metrics: of tors that answer, are silent, or are not there."""

import contextlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest

from onionrig.rig.orders import MetricsEndpoint
from onionrig.tor.metrics_port import fetched_metrics
from support.waiting import HANG_SECONDS, until

pytestmark = pytest.mark.process

PAGE = b'tor_hs_app_read_bytes_total{onion="a",port="9000"} 123456789\n'


class MetricsPage(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/metrics":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(handler):
    """Serve HTTP for a block; yield the port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def answering():
    """A tor that answers."""
    with serving(MetricsPage) as port:
        yield endpoint("answering", port)


@pytest.fixture
def silent():
    """A tor that takes the question and does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield endpoint("silent", server.getsockname()[1])


class TricklingPage(BaseHTTPRequestHandler):
    """Sends a byte every moment, and so is silent at no time."""

    where = "head"

    def do_GET(self):
        with contextlib.suppress(OSError):  # whoever asked has gone
            if self.where == "body":
                self.send_response(200)
                self.send_header("Content-Length", str(1 << 20))
                self.end_headers()
            else:
                self.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
            while True:
                self.wfile.write(b"x")
                time.sleep(0.02)

    def log_message(self, *_):
        pass


@pytest.fixture(params=["head", "body"])
def trickling(request):
    """A tor whose answer never ends."""
    handler = type("Page", (TricklingPage,), {"where": request.param})
    with serving(handler) as port:
        yield endpoint("trickling", port)


@pytest.fixture
def dead():
    """A tor that is not there."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield endpoint("dead", bound.getsockname()[1])


def endpoint(name, port):
    return MetricsEndpoint(name=name, host="127.0.0.1", port=port)


def test_tors_are_asked_as_each_schedule_says_although_it_comes_late(
    start_sampler, answering, dead
):
    sampler = start_sampler((answering, dead))
    until(sampler.samples, "a sample")
    # it has to be seen before its first second, or that is not asked for
    first = sampler.schedule(seconds=1, ahead_seconds=10)
    until(lambda: len(sampler.tors()) == 2, "the first hold's counters")
    later = sampler.schedule(seconds=2, ahead_seconds=10)
    until(lambda: len(sampler.tors()) == 4, "the later hold's counters")
    lines = sampler.tors()
    assert [line.second for line in lines] == [first, first + 1, later, later + 2]
    for line in lines:
        assert line.daemons["dead"] is None
        assert line.daemons["answering"].application_bytes == {"9000": 123456789}
        assert line.second <= line.daemons["answering"].read_wall_seconds <= line.wall_seconds
    assert sampler.end() == 0


def test_a_tor_that_does_not_answer_is_null_and_holds_up_no_sample_and_no_other_tor(
    start_sampler, answering, silent
):
    answer_seconds = 15
    sampler = start_sampler((silent, answering), answer_seconds=answer_seconds)
    hold = sampler.schedule(seconds=3600)
    counters = until(sampler.tors, "the tors' counters")[0]
    assert (counters.second - hold) % 10 == 0
    assert counters.daemons["silent"] is None
    assert counters.wall_seconds - counters.second >= answer_seconds
    answered_at = counters.daemons["answering"].read_wall_seconds
    assert answered_at - counters.second < answer_seconds, (
        "it would have been asked after the other"
    )
    meanwhile = [
        line.second
        for line in sampler.samples()
        if counters.second < line.wall_seconds < counters.wall_seconds
    ]
    assert len(meanwhile) >= 3, "there would be one, or none"


def test_a_tor_that_answers_byte_by_byte_has_the_same_time_for_all_of_it(
    start_sampler, answering, trickling
):
    sampler = start_sampler((trickling, answering), answer_seconds=3)
    sampler.schedule(seconds=3600)
    until(lambda: any(line.daemons["answering"] for line in sampler.tors()), "the other's counters")
    assert all(line.daemons["trickling"] is None for line in sampler.tors())
    # nobody waits for the rest of it, or each reading would leave one who does
    sampler_process = psutil.Process(sampler.process.pid)
    until(
        lambda: not any(link.raddr for link in sampler_process.net_connections()), "it to hang up"
    )
    assert sampler.end() == 0


def test_the_time_for_an_answer_is_over_however_it_trickles(trickling):
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        fetched_metrics(trickling.host, trickling.port, seconds=0.5)
    assert time.monotonic() - began >= 0.5


def test_being_told_to_end_does_not_wait_for_a_tor(start_sampler, silent):
    sampler = start_sampler((silent,), answer_seconds=3600)
    sampler.schedule(seconds=3600)
    sampler_process = psutil.Process(sampler.process.pid)
    until(
        lambda: any(link.raddr for link in sampler_process.net_connections()), "the tor to be asked"
    )
    assert sampler.end() == 0, "it would have waited for an hour"
    (counters,) = sampler.tors()
    assert counters.daemons == {"silent": None}


def test_without_tors_there_is_no_record_of_them(start_sampler, tmp_path):
    sampler = start_sampler()
    until(sampler.samples, "a sample")
    assert sampler.end() == 0
    assert not (tmp_path / "tors.jsonl").exists()


def test_a_full_disk_under_the_tors_record_ends_the_sampler(start_sampler, answering):
    sampler = start_sampler((answering,), tors_record_path="/dev/full")
    sampler.schedule(seconds=3600)
    _, printed = sampler.process.communicate(timeout=HANG_SECONDS)
    assert sampler.process.returncode == 8
    assert "disk is full" in printed

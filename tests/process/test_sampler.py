"""The sampler beside real processes, interfaces and pages of metrics."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import msgspec
import psutil
import pytest

from onionrig.recorder.board import BoardReader
from onionrig.recorder.host import Interfaces
from onionrig.recorder.jsonl import read_all
from onionrig.recorder.others import Others
from onionrig.recorder.processes import Processes
from onionrig.records.samples import HostSample, TorSample
from onionrig.records.schedule import Schedule
from onionrig.rig.orders import MetricsEndpoint, SamplerOrders

pytestmark = pytest.mark.process

BUSY = "while True: pass"
IDLE = "import time; time.sleep(600)"
PAGE = b'tor_hs_app_read_bytes_total{onion="a",port="9000"} 123456789\n'


class RunningSampler:
    """A sampler as the engine starts it, and what it recorded."""

    def __init__(self, directory, tors, **paths):
        self._directory = directory
        self.processes_path = directory / "processes.json"
        orders = SamplerOrders(
            record_path=str(directory / "sampler.jsonl"),
            processes_path=str(self.processes_path),
            tors=tors,
            tors_record_path=paths.get("tors_record_path", str(directory / "tors.jsonl")),
            schedule_path=str(directory / "schedule.json"),
        )
        (directory / "orders.json").write_bytes(msgspec.json.encode(orders))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "onionrig.recorder.sampler", directory / "orders.json"],
            stderr=subprocess.PIPE,
            text=True,
        )

    def watch(self, **pids):
        replace(self.processes_path, json.dumps(pids).encode())

    def schedule(self, *, hold, seconds):
        told = Schedule(ramp_second=hold, hold_second=hold, end_second=hold + seconds, streams=1)
        replace(self._directory / "schedule.json", msgspec.json.encode(told))

    def samples(self):
        return list(read_all(self._directory / "sampler.jsonl", HostSample))

    def tors(self):
        return list(read_all(self._directory / "tors.jsonl", TorSample))

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=5)


@pytest.fixture
def start_sampler(tmp_path):
    with contextlib.ExitStack() as ends:

        def start(tors=(), **paths):
            sampler = RunningSampler(tmp_path, tors, **paths)
            ends.callback(sampler.process.communicate)
            ends.callback(sampler.process.kill)
            return sampler

        yield start


@pytest.fixture
def child():
    with contextlib.ExitStack() as ends:

        def start(program):
            process = subprocess.Popen(
                [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
            )
            ends.callback(process.communicate)
            ends.callback(process.kill)
            return process

        yield start


def replace(path, content):
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(path)


def wait_for(condition, *, seconds=15.0):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "nothing came"
        time.sleep(0.05)
    return found


def test_a_line_a_second_of_what_it_is_told_to_watch(start_sampler, child):
    sampler, busy = start_sampler(), child(BUSY)
    sampler.watch(busy=busy.pid, me=sampler.process.pid, gone=2**22 - 1)

    def watched():
        lines = [line for line in sampler.samples() if "busy" in line.processes]
        return lines if len(lines) >= 3 else None

    first, *_, last = wait_for(watched)
    assert set(last.processes) == {"busy", "me"}
    assert last.second - first.second >= 2
    used = [line.processes["busy"].cpu_user_seconds for line in (first, last)]
    assert 0.3 < used[1] - used[0] <= last.monotonic_seconds - first.monotonic_seconds + 0.1
    assert last.processes["me"].rss_bytes > 1 << 20
    assert last.processes["me"].open_files >= 3
    busy.kill()
    wait_for(lambda: "busy" not in sampler.samples()[-1].processes)
    assert psutil.Process(busy.pid).status() == psutil.STATUS_ZOMBIE  # ended, not yet reaped


def test_it_ends_when_it_is_told_to(start_sampler):
    sampler = start_sampler()
    wait_for(sampler.samples)
    assert sampler.end() == 0


def test_a_process_in_the_list_is_found_when_the_list_changes(tmp_path, child):
    one, other = child(IDLE), child(IDLE)
    processes = Processes(tmp_path / "processes.json")
    assert processes.use() == {}
    replace(tmp_path / "processes.json", json.dumps({"one": one.pid}).encode())
    assert set(processes.use()) == {"one"}
    replace(tmp_path / "processes.json", json.dumps({"one": one.pid, "other": other.pid}).encode())
    assert set(processes.use()) == {"one", "other"}
    one.kill()
    one.wait()
    assert set(processes.use()) == {"other"}
    assert processes.ever_watched == {one.pid, other.pid}


def test_the_main_thread_comes_first_and_open_files_are_counted(tmp_path, child):
    threaded = child(
        "import threading, time\n"
        "files = [open('/dev/null') for _ in range(50)]\n"
        "def work():\n"
        "    while time.thread_time() < 0.5: pass\n"
        "    print('worked', flush=True)\n"
        "    time.sleep(600)\n"
        "threading.Thread(target=work, daemon=True).start()\n"
        "time.sleep(600)\n"
    )
    assert threaded.stdout.readline() == "worked\n"
    (tmp_path / "processes.json").write_text(json.dumps({"threaded": threaded.pid}))
    used = Processes(tmp_path / "processes.json").use()["threaded"]
    main, worker = used.thread_cpu_seconds
    assert worker >= 0.45
    assert main < 0.3
    assert main + worker == pytest.approx(used.cpu_user_seconds + used.cpu_system_seconds, abs=0.05)
    assert 53 <= used.open_files < 60


def test_open_files_that_may_not_be_counted_are_null(tmp_path, monkeypatch):
    def refuse(process):
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, "num_fds", refuse)  # tests may run as root, who may
    (tmp_path / "processes.json").write_text(json.dumps({"me": os.getpid()}))
    used = Processes(tmp_path / "processes.json").use()["me"]
    assert used.open_files is None
    assert used.rss_bytes > 1 << 20


def test_the_host_says_what_its_kernel_counts(start_sampler):
    sampler = start_sampler()
    before = wait_for(sampler.samples)[-1]
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = socket.create_connection(server.getsockname())
        receiver, _ = server.accept()
        with sender, receiver:
            sending = threading.Thread(target=sender.sendall, args=(bytes(3 << 20),))
            sending.start()
            received = 0
            while received < 3 << 20:
                received += len(receiver.recv(1 << 16))
            sending.join()
    after = wait_for(
        lambda: [line for line in sampler.samples() if line.second > before.second + 1]
    )[0]
    carried = after.interfaces["lo"].received_bytes - before.interfaces["lo"].received_bytes
    assert carried >= 3 << 20
    assert after.interfaces["lo"].received_packets > before.interfaces["lo"].received_packets
    assert after.interfaces["lo"].link_bits_per_second is None
    assert all(
        use.received_packets + use.sent_packets > 0
        for name, use in after.interfaces.items()
        if name != "lo"
    )
    cores = psutil.cpu_count()
    passed = after.monotonic_seconds - before.monotonic_seconds
    states = msgspec.structs.asdict(after.cpu)
    total = sum(states.values()) - sum(msgspec.structs.asdict(before.cpu).values())
    assert 0 < total <= cores * passed * 1.2
    assert 0 < after.available_memory_bytes < psutil.virtual_memory().total
    assert after.others_cpu_seconds is None or after.others_cpu_seconds >= 0
    has_tcp = "RetransSegs" in Path("/proc/net/snmp").read_text()
    assert has_tcp == (after.tcp_retransmitted_segments is not None)


def test_processes_outside_the_rig_are_looked_at_every_five_seconds(start_sampler):
    sampler = start_sampler()

    def looked():
        found = [line for line in sampler.samples() if line.others_cpu_seconds is not None]
        return found if len(found) >= 2 else None

    first, then = wait_for(looked)
    assert first == sampler.samples()[0]
    assert then.second - first.second >= 5
    assert first.others_cpu_seconds == 0
    assert then.others_cpu_seconds > 0  # this test, which reads the samples again and again


def test_others_grow_by_what_an_unwatched_process_uses(child):
    others = Others()
    assert others.cpu_seconds(set()) == 0
    busy = child(BUSY)
    others.cpu_seconds(set())
    used = psutil.Process(busy.pid)
    wait_for(lambda: used.cpu_times().user > 0.4)
    assert others.cpu_seconds(set()) >= 0.4


def test_a_process_of_another_emulated_host_is_no_other(tmp_path, child):
    busy = child(BUSY)
    (tmp_path / "rig.json").write_text(json.dumps([busy.pid]))
    told, untold = Others(tmp_path / "rig.json"), Others()
    told.cpu_seconds(set())
    untold.cpu_seconds(set())
    used = psutil.Process(busy.pid)
    begun = used.cpu_times().user
    wait_for(lambda: used.cpu_times().user > begun + 0.5)
    # both see what else this machine does; only one takes the busy process for that
    more = untold.cpu_seconds(set()) - told.cpu_seconds(set())
    assert more >= 0.4


def test_a_given_link_rate_is_taken_for_what_the_kernel_says(tmp_path):
    (tmp_path / "sys/class/net/lo").mkdir(parents=True)
    (tmp_path / "sys/class/net/lo/speed").write_text("10000")
    assert Interfaces(tmp_path).use()["lo"].link_bits_per_second == 10e9
    assert Interfaces(tmp_path, {"lo": 5e7}).use()["lo"].link_bits_per_second == 5e7
    assert Interfaces(tmp_path, {"eth0": 5e7}).use()["lo"].link_bits_per_second is None


@pytest.fixture
def vcgencmd(tmp_path):
    """A firmware's command that notes each call; it waits while a file says so."""
    program = tmp_path / "vcgencmd"
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$1" >> {tmp_path}/calls\n'
        f"if [ -e {tmp_path}/hangs ]; then exec sleep 60; fi\n"
        "echo throttled=0x50000\n"
    )
    program.chmod(0o700)
    return program


def test_a_pi_without_the_file_is_asked_by_command_and_not_each_second(tmp_path, vcgencmd):
    board = BoardReader(tmp_path, vcgencmd=str(vcgencmd))
    for _ in range(3):
        assert board.read().throttling == ("under-voltage since boot", "throttled since boot")
    assert (tmp_path / "calls").read_text() == "get_throttled\n"


def test_a_firmware_that_does_not_answer_is_null(tmp_path, vcgencmd):
    (tmp_path / "hangs").touch()
    began = time.monotonic()
    assert BoardReader(tmp_path, vcgencmd=str(vcgencmd)).read().throttling is None
    assert time.monotonic() - began < 5


def test_a_firmware_command_that_cannot_be_run_is_null(tmp_path):
    assert BoardReader(tmp_path, vcgencmd=str(tmp_path / "none")).read().throttling is None


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


@pytest.fixture
def answering():
    """A tor that answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), MetricsPage) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield endpoint("answering", server.server_port)
        server.shutdown()
        thread.join()


@pytest.fixture
def silent():
    """A tor that takes the question and does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield endpoint("silent", server.getsockname()[1])


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
    wait_for(sampler.samples)
    first = int(time.time()) + 2
    sampler.schedule(hold=first, seconds=1)
    wait_for(lambda: len(sampler.tors()) == 2)
    later = int(time.time()) + 2
    sampler.schedule(hold=later, seconds=2)
    wait_for(lambda: len(sampler.tors()) == 4)
    told = sampler.tors()
    assert [line.second for line in told] == [first, first + 1, later, later + 2]
    for line in told:
        assert line.daemons["dead"] is None
        assert line.daemons["answering"].application_bytes == {"9000": 123456789}
        assert line.second <= line.daemons["answering"].read_wall_seconds <= line.wall_seconds
        assert line.wall_seconds < line.second + 1.5
    assert sampler.end() == 0


def test_a_tor_that_does_not_answer_is_null_and_holds_up_no_sample(
    start_sampler, answering, silent
):
    sampler = start_sampler((answering, silent))
    hold = int(time.time()) + 2
    sampler.schedule(hold=hold, seconds=60)
    (told,) = wait_for(sampler.tors)
    assert told.second == hold
    assert told.daemons["silent"] is None
    assert told.daemons["answering"].read_wall_seconds < hold + 2
    assert 2.5 < told.wall_seconds - hold < 5
    samples = [line for line in sampler.samples() if line.second >= hold - 1]
    assert len(samples) >= 3
    assert all(after.second - before.second == 1 for before, after in pairwise(samples))
    assert all(line.wall_seconds < line.second + 1.5 for line in samples)


def test_being_told_to_end_does_not_wait_for_a_tor(start_sampler, silent):
    sampler = start_sampler((silent,))
    hold = int(time.time()) + 2
    sampler.schedule(hold=hold, seconds=60)
    asked = psutil.Process(sampler.process.pid)
    wait_for(lambda: any(link.raddr for link in asked.net_connections()))
    began = time.monotonic()
    assert sampler.end() == 0
    assert time.monotonic() - began < 1.5  # then it would be killed
    (told,) = sampler.tors()
    assert told.daemons == {"silent": None}


def test_without_tors_there_is_no_record_of_them(start_sampler, tmp_path):
    sampler = start_sampler()
    wait_for(sampler.samples)
    assert sampler.end() == 0
    assert not (tmp_path / "tors.jsonl").exists()


def test_a_full_disk_under_the_tors_record_ends_the_sampler(start_sampler, answering):
    sampler = start_sampler((answering,), tors_record_path="/dev/full")
    sampler.schedule(hold=int(time.time()) + 2, seconds=60)
    _, told = sampler.process.communicate(timeout=15)
    assert sampler.process.returncode == 8
    assert "disk is full" in told

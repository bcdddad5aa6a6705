"""The sampler beside real processes, interfaces and firmware."""

import json
import os
import socket
import threading
import time
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import msgspec
import psutil
import pytest

from onionrig.movers.sampler import board, others, processes
from onionrig.movers.sampler.board import ASK_FIRMWARE_SECONDS, BoardReader
from onionrig.movers.sampler.host import Interfaces
from onionrig.movers.sampler.others import Others, cpu_of_all
from onionrig.movers.sampler.processes import ListFile, Processes, ThreadTimes, thread_times
from onionrig.movers.sampler.program import OTHERS_EVERY_SECONDS
from support.files import lay_out, replace_file
from support.processes.children import BUSY, IDLE
from support.waiting import HANG_SECONDS, until

pytestmark = pytest.mark.process

GRAIN_SECONDS = 0.05
"""Of CPU times: the kernel counts user and system each in ticks of 0.01 s."""


def test_every_second_has_a_line_about_the_watched_processes(start_sampler, start_child):
    sampler, busy = start_sampler(), start_child(BUSY)
    sampler.watch(busy=busy.pid, me=sampler.process.pid, gone=2**22 - 1)

    def watched():
        """The lines once the busy one has used something between the first and the last but one."""
        lines = [line for line in sampler.samples() if "busy" in line.processes]
        return lines if len(lines) >= 4 and busy_seconds(lines[0], lines[-2]) > 0.5 else None

    lines = until(watched, "the busy process to be given CPU time")
    first, *_, last, after = lines
    assert set(last.processes) == {"busy", "me"}
    assert all(earlier.second < later.second for earlier, later in pairwise(lines))
    assert all(line.wall_seconds >= line.second + 1 - 1e-3 for line in lines), "a second is closed"
    # counters are read once a line's time is taken, and before that of the next
    elapsed_seconds = after.monotonic_seconds - first.monotonic_seconds
    assert busy_seconds(first, last) <= elapsed_seconds + GRAIN_SECONDS
    assert last.processes["me"].rss_bytes > 1 << 20
    assert last.processes["me"].open_files >= 3
    busy.kill()
    until(lambda: "busy" not in sampler.samples()[-1].processes, "it to be missed")
    assert psutil.Process(busy.pid).status() == psutil.STATUS_ZOMBIE  # ended, not yet reaped


def busy_seconds(before, after):
    return after.processes["busy"].cpu_user_seconds - before.processes["busy"].cpu_user_seconds


def test_the_sampler_ends_when_it_is_told_to(start_sampler):
    sampler = start_sampler()
    until(sampler.samples, "a sample")
    assert sampler.end() == 0


def test_a_process_in_the_list_is_found_when_the_list_changes(tmp_path, start_child):
    first, second = start_child(IDLE), start_child(IDLE)
    processes = Processes(ListFile(tmp_path / "processes.json"))
    assert processes.use() == {}
    replace_file(tmp_path / "processes.json", json.dumps({"one": first.pid}).encode())
    assert set(processes.use()) == {"one"}
    replace_file(
        tmp_path / "processes.json", json.dumps({"one": first.pid, "other": second.pid}).encode()
    )
    assert set(processes.use()) == {"one", "other"}
    first.kill()
    first.wait()
    assert set(processes.use()) == {"other"}
    assert processes.ever_watched == {first.pid, second.pid}


def test_the_main_thread_comes_first_and_open_files_are_counted(tmp_path, start_child):
    threaded = start_child(
        "import threading, time\n"
        "files = [open('/dev/null') for _ in range(50)]\n"
        "started = time.process_time()\n"
        "def work():\n"
        "    while time.thread_time() < 0.5 + 4 * started: pass\n"
        "    print(time.thread_time(), flush=True)\n"
        "    time.sleep(3600)\n"
        "threading.Thread(target=work, daemon=True).start()\n"
        "time.sleep(3600)\n"
    )
    worked = float(threaded.stdout.readline())
    (tmp_path / "processes.json").write_text(json.dumps({"threaded": threaded.pid}))
    used = Processes(ListFile(tmp_path / "processes.json")).use()["threaded"]
    main, worker = used.thread_cpu_seconds
    assert worker == pytest.approx(worked, abs=GRAIN_SECONDS)
    assert main < worker / 2
    assert main + worker == pytest.approx(
        used.cpu_user_seconds + used.cpu_system_seconds, abs=GRAIN_SECONDS
    )
    assert 53 <= used.open_files < 60


@pytest.mark.parametrize(
    ("schedstat", "times"),
    [
        ("1500000000 20000000 7\n", ThreadTimes(1.5, 0.02)),
        ("0 0 0\n", None),
        ("", None),
        (None, None),
        ("many 1 2", None),
        ("1500000000", None),
    ],
)
def test_times_that_a_kernel_does_not_report_are_unknown_and_not_zero(schedstat, times):
    assert thread_times(schedstat) == times


@pytest.fixture
def older_kernel(monkeypatch):
    """A kernel that does not say how many files are open, nor how long a thread has run."""
    real_stat = Path.stat

    def stat(path, **more):
        return SimpleNamespace(st_size=0) if path.name == "fd" else real_stat(path, **more)

    monkeypatch.setattr(Path, "stat", stat)
    monkeypatch.setattr(processes, "thread_times", lambda _schedstat: None)


def test_what_an_older_kernel_does_not_sum_up_is_counted(tmp_path, older_kernel):
    (tmp_path / "processes.json").write_text(json.dumps({"me": os.getpid()}))
    used = Processes(ListFile(tmp_path / "processes.json")).use()["me"]
    cpu = psutil.Process().cpu_times()
    assert used.open_files > 2
    assert 0 < sum(used.thread_cpu_seconds) <= cpu.user + cpu.system + GRAIN_SECONDS
    assert used.main_thread_wait_seconds is None


def test_open_files_that_may_not_be_counted_are_null(tmp_path, monkeypatch, older_kernel):
    def refuse(process):
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, "num_fds", refuse)  # tests may run as root, who may
    (tmp_path / "processes.json").write_text(json.dumps({"me": os.getpid()}))
    used = Processes(ListFile(tmp_path / "processes.json")).use()["me"]
    assert used.open_files is None
    assert used.rss_bytes > 1 << 20


def test_the_host_says_what_its_kernel_counts(start_sampler):
    sampler = start_sampler()
    before = until(sampler.samples, "a sample")[-1]
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
    begun = len(sampler.samples()) + 1  # one may be under way
    until(lambda: len(sampler.samples()) > begun + 1, "samples of what was carried")
    after, next_one, *_ = sampler.samples()[begun:]
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
    assert after.monotonic_seconds <= after.cpu_read_seconds < next_one.monotonic_seconds
    # counters are read once their time is taken, and before that of the next line
    passed = next_one.monotonic_seconds - before.cpu_read_seconds
    states = msgspec.structs.asdict(after.cpu)
    total = sum(states.values()) - sum(msgspec.structs.asdict(before.cpu).values())
    assert 0 < total <= cores * passed * 1.2
    assert 0 < after.available_memory_bytes < psutil.virtual_memory().total
    assert after.others_cpu_seconds is None or after.others_cpu_seconds >= 0
    measured = {name for line in sampler.samples() for name in read_in(line)}
    assert {"conditions", "network"} <= measured
    has_tcp = "RetransSegs" in Path("/proc/net/snmp").read_text()
    assert has_tcp == (after.tcp_retransmitted_segments is not None)


def read_in(line):
    """Name what is not read every second and was read in this one."""
    return {name for name in ("conditions", "network") if getattr(line, name) is not None}


def test_processes_outside_the_rig_are_looked_at_every_five_seconds(start_sampler):
    sampler = start_sampler()

    def looked():
        """The lines once a second look, or one of those after, has seen others."""
        lines = sampler.samples()
        # this test is one, which reads the samples again and again
        return lines if any(line.others_cpu_seconds for line in lines) else None

    lines = until(looked, "a look at others")
    assert lines[0].others_cpu_seconds == 0
    due_second = lines[0].second
    for line in lines:
        assert (line.others_cpu_seconds is not None) == (line.second >= due_second), line
        if line.second >= due_second:
            due_second = line.second + OTHERS_EVERY_SECONDS
    assert OTHERS_EVERY_SECONDS == 5


def test_others_grow_by_what_an_unwatched_process_uses(start_child):
    others = Others()
    assert others.cpu_seconds(set()) == 0
    busy = start_child(BUSY)
    others.cpu_seconds(set())
    used = psutil.Process(busy.pid)
    until(lambda: used.cpu_times().user > 0.4, "it to be given CPU time")
    assert others.cpu_seconds(set()) >= 0.4


def test_processes_of_other_emulated_hosts_do_not_count_as_others(
    tmp_path, start_child, monkeypatch
):
    busy = start_child(BUSY)
    (tmp_path / "rig.json").write_text(json.dumps([busy.pid]))
    told, untold = Others(tmp_path / "rig.json"), Others()
    begun, used = cpu_of_all(), cpu_of_all()

    def worked():
        used.update(cpu_of_all())
        return used[busy.pid] > begun[busy.pid] + 0.5

    until(worked, "it to be given CPU time")
    # both are shown the same two looks at this machine, whatever else it does
    for look in (begun, used):
        monkeypatch.setattr(others, "cpu_of_all", lambda look=look: look)
        both = [each.cpu_seconds(set()) for each in (untold, told)]
    assert both[0] - both[1] == pytest.approx(used[busy.pid] - begun[busy.pid])


def test_a_given_link_rate_is_taken_for_what_the_kernel_says(tmp_path):
    counts = f"{'Inter-|':6}\n{'face':>6}|bytes\n{'lo':>6}: {' 0' * 16}\n"
    lay_out(tmp_path, {"sys/class/net/lo/speed": "10000", "proc/net/dev": counts})
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
        f"if [ -e {tmp_path}/hangs ]; then exec sleep 3600; fi\n"
        "echo throttled=0x50000\n"
    )
    program.chmod(0o700)
    return program


def test_a_pi_without_the_file_is_asked_by_command_and_not_each_second(
    tmp_path, vcgencmd, monkeypatch
):
    seconds = iter(range(1000, 1011))
    monkeypatch.setattr(board, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    monkeypatch.setattr(board, "ANSWER_SECONDS", HANG_SECONDS)
    reader = BoardReader(tmp_path, vcgencmd=str(vcgencmd))
    for passed in range(11):
        assert reader.read().throttling == ("under-voltage since boot", "throttled since boot")
        asked = 1 if passed < ASK_FIRMWARE_SECONDS else 2
        assert (tmp_path / "calls").read_text() == "get_throttled\n" * asked
    assert asked == 2


def test_a_firmware_that_does_not_answer_is_null(tmp_path, vcgencmd):
    (tmp_path / "hangs").touch()
    began = time.monotonic()
    assert BoardReader(tmp_path, vcgencmd=str(vcgencmd)).read().throttling is None
    assert time.monotonic() - began < HANG_SECONDS, "it would have waited for an hour"


def test_a_firmware_command_that_cannot_be_run_is_null(tmp_path):
    assert BoardReader(tmp_path, vcgencmd=str(tmp_path / "none")).read().throttling is None


def test_a_kernels_file_that_always_says_0_does_not_hide_the_firmwares_answer(tmp_path, vcgencmd):
    file = tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled"
    file.parent.mkdir(parents=True)
    file.write_text("0\n")
    reported = ("under-voltage since boot", "throttled since boot")
    assert BoardReader(tmp_path, vcgencmd=str(vcgencmd)).read().throttling == reported
    (tmp_path / "hangs").touch()
    assert BoardReader(tmp_path, vcgencmd=str(vcgencmd)).read().throttling == ()

"""The processes that benchmarks/speeds.py keeps busy beside a run."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from siblings import busy
from support.files import PROJECT
from support.waiting import over, until

pytestmark = pytest.mark.process

OWNER = """
import time
from siblings import busy
with busy(2, 1) as started:
    print(*started, flush=True)
    while True:
        time.sleep(0.1)
"""


def ended(process):
    return not process.is_running() or over(process)


def owner():
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "benchmarks")}
    return subprocess.Popen(
        [sys.executable, "-c", OWNER], env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip


def test_siblings_are_busy_inside_their_block_and_gone_after_it():
    with busy(1, cache_mib=1) as started:
        processes = [psutil.Process(pid) for pid in started]
        assert len(processes) == 2
        for process in processes:
            until(lambda process=process: sum(process.cpu_times()[:2]) > 0.05, "CPU time")
    assert all(ended(process) for process in processes)


def test_nothing_is_started_if_nothing_is_asked_for():
    with busy(0) as started:
        assert started == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_siblings_end_with_their_owner_however_it_ends(number):
    with owner() as process:
        try:
            siblings = [psutil.Process(int(pid)) for pid in process.stdout.readline().split()]
            assert len(siblings) == 3
            process.send_signal(number)
            process.wait()
            for sibling in siblings:
                until(lambda sibling=sibling: ended(sibling), "a sibling's end")
        finally:
            process.kill()


def test_siblings_ignore_the_ctrl_c_that_a_terminal_sends_to_all():
    with busy(1) as started:
        sibling = psutil.Process(started[0])
        until(lambda: sum(sibling.cpu_times()[:2]) > 0.05, "CPU time")
        sibling.send_signal(signal.SIGINT)
        used = sum(sibling.cpu_times()[:2])
        until(lambda: sum(sibling.cpu_times()[:2]) > used + 0.05, "more CPU time")

"""A bed ends with its owner, and nothing of it is left."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil

from support.bed import Bed, HostSpec
from support.bed.guardian import GROUPS, removed
from support.files import PROJECT
from support.waiting import until

OWNER = """\
import subprocess, sys, time
from support.bed import Bed, HostSpec
with Bed([HostSpec(name="pi1"), HostSpec(name="pi2")]) as bed:
    child = subprocess.Popen(bed.controller("sleep", "1000"), start_new_session=True)
    hosts = [pid for host in bed.hosts.values() for pid in host.ids]
    print(bed.directory, child.pid, *hosts, flush=True)
    time.sleep(1000)
"""
_MOUNTS = Path("/proc/self/mountinfo")


def left(directory):
    """Return all that there is of a bed, by its directory: processes, groups, mounts, files."""
    name = directory.name.rpartition("-")[0]
    processes = [process.pid for process in psutil.process_iter() if _names(process, name)]
    groups = [str(group) for group in GROUPS.rglob(name)]
    mounts = [line for line in _MOUNTS.read_text().splitlines() if name in line]
    files = [str(directory)] if directory.exists() else []
    return [*processes, *groups, *mounts, *files]


def _names(process, name):
    try:
        return any(name in word for word in process.cmdline())
    except psutil.Error:
        return False


@contextmanager
def owner():
    """Start a process that owns a bed; give it with the bed's directory and processes.

    The first of the processes runs as the controller, and the others are the hosts'.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": f"{PROJECT}/src:{PROJECT}/tests"},
    )
    try:
        directory, *pids = process.stdout.readline().split()
        yield process, Path(directory), [int(pid) for pid in pids]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def assert_nothing_is_left(directory, pids):
    until(lambda: not any(map(psutil.pid_exists, pids)), "the end of the bed's processes")
    until(lambda: not left(directory), lambda: f"what is left to go: {left(directory)}")


def test_leaving_the_block_leaves_nothing():
    with Bed([HostSpec(name="pi1")]) as bed:
        pids = bed["pi1"].ids
        assert left(bed.directory)
        assert [*bed["pi1"].root.glob("etc/debian_version")]
    assert not any(map(psutil.pid_exists, pids))
    assert left(bed.directory) == []


def test_killing_the_owner_leaves_nothing():
    with owner() as (process, directory, pids):
        assert len(pids) > 4
        process.kill()
        assert_nothing_is_left(directory, pids)


def test_killing_the_guardian_ends_every_process_and_mount():
    with owner() as (process, directory, pids):
        name = directory.name.rpartition("-")[0]
        (guardian,) = [
            child for child in psutil.Process(process.pid).children() if name in child.cmdline()
        ]
        guardian.kill()
        until(lambda: not any(map(psutil.pid_exists, pids[1:])), "the end of the hosts' processes")
        os.kill(pids[0], signal.SIGKILL)
        # what remains is files and empty groups, which this test removes in its place
        process.kill()
        assert all(until(lambda group=group: removed(group)) for group in [*GROUPS.rglob(name)])
        shutil.rmtree(directory)


def test_an_interrupted_owner_leaves_nothing():
    with owner() as (process, directory, pids):
        process.send_signal(signal.SIGINT)
        process.wait()
        assert_nothing_is_left(directory, pids)

"""The clean command, beside runs that live and what others have left."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from support.processes.children import child
from support.waiting import over, until

pytestmark = pytest.mark.process

CONTROLLER = """
import asyncio, os, subprocess, sys
from onionrig.processes.workspace import kept

async def main():
    async with kept() as keeping:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"], env=keeping.environment)
        print(keeping.workspace, os.getpid(), keeping.keeper_pid, child.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def run(tmp_path):
    """A run that lives: its workspace, its controller, its keeper and a process of it.

    The process did not ask to end with its controller, as where the system offers no such thing.
    """
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    argv = (sys.executable, "-c", CONTROLLER)
    pids = ()
    try:
        with child(*argv, env=environment, stdout=subprocess.PIPE, text=True) as controller:
            workspace, *pids = controller.stdout.readline().split()
            yield Path(workspace), *(psutil.Process(int(pid)) for pid in pids)
    finally:
        for pid in pids:
            with contextlib.suppress(psutil.NoSuchProcess):  # the keeper ends them meanwhile
                psutil.Process(int(pid)).kill()


@pytest.fixture
def clean(onionrig, tmp_path):
    """Clean the temporary directory."""

    def run(*options):
        completed = onionrig("clean", *options, TMPDIR=str(tmp_path))
        assert "Traceback" not in completed.stderr
        return completed

    return run


def said(completed):
    """Return what is said of the temporary directory, without the machine's control groups.

    Those may be of anybody's runs, also of one that is under way beside this test.
    """
    lines = completed.stdout.splitlines(keepends=True)
    return "".join(line for line in lines if "(control group)" not in line)


def nothing(tmp_path):
    """What is said where there is nothing to clean: no word of it where there is a group."""
    return {"", f"nothing to clean in {tmp_path}\n"}


def left(tmp_path, mark="0123456789abcdef"):
    """Make a workspace as a power cut leaves it."""
    workspace = tmp_path / f"onionrig-{mark}"
    (workspace / "relay-1" / "keys").mkdir(parents=True)
    (workspace / "relay-1" / "keys" / "secret").write_bytes(b"x" * 2048)
    return workspace


def test_an_unguarded_workspace_is_removed_and_a_line_says_so(tmp_path, clean):
    workspace = left(tmp_path)
    completed = clean()
    assert (completed.returncode, said(completed)) == (0, f"removed: {workspace} (2.00 KiB)\n")
    assert not workspace.exists()
    assert said(clean()) in nothing(tmp_path)


def test_a_dry_run_removes_nothing(tmp_path, clean):
    workspace = left(tmp_path)
    assert said(clean("--dry-run")) == f"would be removed: {workspace} (2.00 KiB)\n"
    assert (workspace / "relay-1/keys/secret").exists()


def test_a_live_run_keeps_its_workspace(tmp_path, clean, run):
    workspace, *_ = run
    other = left(tmp_path)
    listed = json.loads(clean("--json").stdout)
    removals = [leftover for leftover in listed if leftover["kind"] != "control group"]
    assert [(leftover["path"], leftover["outcome"]) for leftover in removals] == [
        (str(other), "removed")
    ]
    assert workspace.is_dir()
    assert not other.exists()


def test_processes_whose_keeper_is_gone_keep_their_workspace_and_are_named(tmp_path, clean, run):
    workspace, _, keeper, child = run
    ended(keeper)
    completed = clean()
    assert said(completed).startswith(f"in use: {workspace} (")
    assert f"no keeper, but processes still: {child.pid}; " in said(completed)
    assert workspace.is_dir()
    assert not over(child)


def ended(*processes):
    """Kill processes at once, so that none can clear up after another."""
    for process in processes:
        process.suspend()
    for process in processes:
        process.kill()
    for process in processes:
        until(lambda process=process: over(process), f"the end of {process}")


def test_processes_that_have_neither_controller_nor_keeper_are_ended_and_named(
    tmp_path, clean, run
):
    workspace, controller, keeper, child = run
    bystander_mark = "0123456789abcdef"
    other = left(tmp_path, bystander_mark)
    name = child.name()
    ended(controller, keeper)
    assert not over(child)

    dry = said(clean("--dry-run"))
    assert f"would be removed: {workspace} " in dry
    assert (
        f"; would end processes of its run, which has neither controller nor keeper: {name} {child.pid}\n"
        in dry
    )
    assert not over(child)

    listed = {leftover["path"]: leftover for leftover in json.loads(clean("--json").stdout)}
    assert listed[str(workspace)]["outcome"] == "removed"
    assert listed[str(workspace)]["ended"] == [f"{name} {child.pid}"]
    assert listed[str(other)]["ended"] == []
    until(lambda: over(child), "the child's end")
    assert not workspace.exists()
    assert said(clean()) in nothing(tmp_path)


def test_processes_of_a_workspace_that_no_controller_has_locked_are_left_alone(
    tmp_path, clean, run
):
    # as of an earlier version: whether its controller lives cannot be known
    workspace, controller, keeper, child = run
    (workspace / "controller.lock").unlink()
    ended(controller, keeper)
    assert said(clean()).startswith(f"in use: {workspace} (")
    assert not over(child)


def test_a_workspace_that_somebody_listens_in_is_in_use(tmp_path, clean, monkeypatch):
    workspace = left(tmp_path)
    monkeypatch.chdir(workspace)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("control")
        listening.listen()
        assert "in use: " in said(clean())
        assert workspace.is_dir()
    assert said(clean()).startswith("removed: ")


def test_directories_with_other_names_are_left_alone(tmp_path, clean):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").touch()
    (tmp_path / "onionrig-fedcba9876543210").symlink_to(elsewhere)
    (tmp_path / "onionrig-0123456789abcde0").touch()
    for name in (
        "onionrig",
        "onionrig-123",
        "onionrig-0123456789ABCDEF",
        "onionrig-0123456789abcdef0",
        "tor",
    ):
        (tmp_path / name).mkdir()
    before = sorted(tmp_path.iterdir())
    assert said(clean()) in nothing(tmp_path)
    assert sorted(tmp_path.iterdir()) == before
    assert (elsewhere / "file").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may remove anything")
def test_a_workspace_that_cannot_be_removed_is_reported_and_is_an_error(tmp_path, clean):
    workspace = left(tmp_path)
    (workspace / "relay-1" / "keys").chmod(0o500)
    try:
        completed = clean()
        assert said(completed).startswith(f"failed: {workspace}")
        assert completed.returncode == 8
        assert "1 of 1 could not be removed" in completed.stderr
    finally:
        (workspace / "relay-1" / "keys").chmod(0o700)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_workspaces_of_other_users_are_left_alone(tmp_path, clean):
    workspace = left(tmp_path)
    os.chown(workspace, 65534, 65534)
    assert said(clean()) in nothing(tmp_path)
    assert workspace.is_dir()

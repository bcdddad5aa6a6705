"""Every way in which a run can end before its time, and what it leaves."""

import json
import os
import socket
import subprocess

import pytest

from onionrig.records.events import Milestone, Phase, Reached
from support.processes.started_run import LONG_HOLD
from support.waiting import until


def result(run):
    return json.loads((run.out / "result.json").read_text())


def ended_well(run, end, *, code, error):
    """Ended so, the run exits with this code, says why, and leaves nothing."""
    workspaces = run.workspaces()
    assert workspaces
    end()
    assert run.ends() == code, run.stderr
    assert run.leaves_nothing(workspaces)
    assert result(run)["status"] == "aborted"
    assert result(run)["failure"]["error"] == error
    assert result(run)["failure"]["exit_code"] == code


@pytest.mark.parametrize("subject", ["a consensus", "to bootstrap", "Onionbalance to publish"])
def test_ctrl_c_in_bring_up_cleans_up(start, subject):
    run = start()
    run.until_waiting(subject)
    ended_well(run, run.interrupt, code=130, error="Interrupted")
    assert "interrupted by Ctrl-C" in run.stderr
    reached = {event.reached for event in run.events() if isinstance(event, Milestone)}
    assert Reached.FRONTEND not in reached, "it went on with what it was at"


def test_under_load_each_of_two_runs_side_by_side_ends_in_its_own_way(start):
    """Ctrl-C in the ramp of one, SIGKILL of the other's controller in the hold."""
    one = start("--set", "load.ramp=60s", name="one")
    other = start(*LONG_HOLD, name="other")
    one.until_phase(Phase.RAMP)
    assert not set(one.workspaces()) & set(other.workspaces())
    ended_well(one, one.interrupt, code=130, error="Interrupted")

    other.until_phase(Phase.HOLD)
    other.until_found(lambda: sum(bool(sample.verified_bytes) for sample in other.sunk()) >= 12)
    workspaces = other.workspaces()
    other.process.kill()
    assert other.leaves_nothing(workspaces)
    until((other.out / "result.json").exists, "the result of what was recorded")
    killed = result(other)
    assert killed["status"] == "aborted"
    assert killed["failure"]["error"] == "Killed"
    assert killed["goodput"]["steady_seconds"] >= 10
    assert killed["goodput"]["sustained_bits_per_second"] > 0
    assert killed["bytes"]["verified"] > 0


def test_sigterm_in_the_hold_is_told_from_ctrl_c_and_keeps_what_was_measured(start):
    run = start(*LONG_HOLD)
    run.until_streams(4)
    ended_well(run, run.process.terminate, code=143, error="Terminated")
    assert result(run)["bytes"]["verified"] > 0
    assert result(run)["streams"]["connected"] == 4


def test_a_daemon_that_dies_under_load_ends_the_run_by_its_name(start):
    run = start(*LONG_HOLD)
    run.until_phase(Phase.HOLD)
    ended_well(run, run.services()["backend-2"].kill, code=7, error="DaemonDied")
    assert "backend-2 was killed by SIGKILL" in run.stderr
    assert "backend-2.log" in run.stderr


def test_a_daemon_that_dies_in_bring_up_ends_the_run_with_the_warnings_that_count(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        run = start("--set", f'network.torrc=["HTTPTunnelPort {address}"]')
        assert run.ends() == 7
    assert f"Could not bind to {address}" in run.stderr
    assert "Failed to bind one of the listener ports" in run.stderr
    assert "see warnings above" not in run.stderr
    assert run.leaves_nothing([])
    assert result(run)["status"] == "aborted"


def test_a_missed_target_is_an_exit_code_of_its_own(start):
    run = start("--target", "100Gbit", "--set", "verdict.corrupt_bytes=0")
    assert run.ends() == 3
    assert result(run)["verdict"]["met"] is False
    assert result(run)["status"] == "complete"
    assert "misses the target of 100 Gbit/s, meets the other threshold" in run.stdout
    assert "error: sustained rate: at least 100 Gbit/s was asked, " in run.stderr
    assert "corrupt bytes" not in run.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_ends_the_run_and_is_said(start, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(
        ["/usr/bin/mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], check=True
    )
    try:
        run = start(*LONG_HOLD, name="disk/run")
        run.until_phase(Phase.HOLD)
        workspaces = run.workspaces()  # before it may end
        assert workspaces
        with (
            (disk / "filler").open("wb", buffering=0) as filler,
            pytest.raises(OSError, match="space"),
        ):
            while True:
                filler.write(bytes(4096))
        assert run.ends() == 8, run.stderr
        assert "disk is full" in run.stderr
        assert run.leaves_nothing(workspaces)
    finally:
        run.close()
        subprocess.run(["/usr/bin/umount", "--lazy", str(disk)], check=True)

"""Every way in which a run can end while its load is on, and what it leaves."""

import os
import subprocess

import pytest

from onionrig.records.events import Phase
from support.processes.started_run import LONG_HOLD, ended_well
from support.waiting import until


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
    killed = other.file("result.json")
    assert killed["status"] == "aborted"
    assert killed["failure"]["error"] == "Killed"
    assert killed["goodput"]["steady_seconds"] >= 10
    assert killed["goodput"]["sustained_bits_per_second"] > 0
    assert killed["bytes"]["verified"] > 0


def test_sigterm_in_the_hold_is_told_from_ctrl_c_and_keeps_what_was_measured(start):
    run = start(*LONG_HOLD)
    run.until_streams(4)
    ended_well(run, run.process.terminate, code=143, error="Terminated")
    assert run.file("result.json")["bytes"]["verified"] > 0
    assert run.file("result.json")["streams"]["connected"] == 4


def test_a_daemon_that_dies_under_load_ends_the_run_by_its_name(start):
    run = start(*LONG_HOLD)
    run.until_phase(Phase.HOLD)
    ended_well(run, run.services()["backend-2"].kill, code=7, error="DaemonDied")
    assert "backend-2 was killed by SIGKILL" in run.stderr
    assert "backend-2.log" in run.stderr


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

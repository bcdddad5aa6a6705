"""Shares of the CPU: processes that would take all of it get what their host was given."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bed_runs import BASELINE, StartedRun
from onionrig.engine.cpu_shares import _hierarchies, cpu_shares
from onionrig.rig.model import Host, Role, Service

pytestmark = pytest.mark.bed

CORES = {"pi1": 0.25, "pi2": 0.1}
BUSY = (sys.executable, "-c", "while True: pass")
MEASURED_SECONDS = 4.0


def service(host, role=Role.BACKEND):
    return Service(
        name=f"{role}-{host}", role=role, host=host, argv=BUSY, directory="/", log_path="/dev/null"
    )


def hosts():
    return [Host(name=name, address="", cpu_cores=cores) for name, cores in CORES.items()]


def cpu_seconds(pid):
    used = psutil.Process(pid).cpu_times()
    return used.user + used.system


def gone(groups):
    return not any(Path(path).exists() for path in groups)


async def test_busy_services_get_the_share_of_their_host_side_by_side():
    made = []
    async with cpu_shares(
        hosts(), name=f"onionrig-{secrets.token_hex(8)}", guard=made.append
    ) as entering:
        assert entering(service("pi1", Role.SAMPLER)) == ()
        busy = {
            name: subprocess.Popen((*entering(service(name)), *BUSY), env=os.environ)
            for name in CORES
        }
        try:
            begun = {name: cpu_seconds(child.pid) for name, child in busy.items()}
            start = time.monotonic()
            while time.monotonic() - start < MEASURED_SECONDS:
                os.sched_yield()
            seconds = time.monotonic() - start
            used = {name: cpu_seconds(child.pid) - begun[name] for name, child in busy.items()}
        finally:
            for child in busy.values():
                child.kill()
                child.wait()
    for name, cores in CORES.items():
        assert used[name] / seconds == pytest.approx(cores, rel=0.1), name
    assert made
    assert gone(made)


async def test_what_still_runs_in_a_group_ends_with_it():
    made = []
    async with cpu_shares(
        hosts(), name=f"onionrig-{secrets.token_hex(8)}", guard=made.append
    ) as entering:
        child = subprocess.Popen((*entering(service("pi1")), *BUSY), env=os.environ)
        eventually(lambda: entered(made, child.pid))
    assert child.wait(timeout=5) == -9
    assert gone(made)


def test_groups_are_gone_after_the_controller_was_killed(tmp_path):
    text = BASELINE.replace('link = "100Mbit"', 'link = "100Mbit"\ncpu = 0.5')
    started = StartedRun(tmp_path, text)
    try:
        made = eventually(groups_of_runs)
        started.process.kill()
        eventually(lambda: gone(made))
    finally:
        started.close()


def entered(groups, pid):
    lists = [path for group in groups for path in Path(group).glob("host-*/cgroup.procs")]
    return any(str(pid) in path.read_text().split() for path in lists)


def groups_of_runs():
    """Return the control groups of runs that are there now, wherever they are."""
    tops = [Path(parent) for found in _hierarchies() for parent in found.parents]
    return [path for top in tops for path in top.glob("onionrig-*")]


def eventually(evidence, *, seconds=15.0):
    until = time.monotonic() + seconds
    while not (found := evidence()):
        assert time.monotonic() < until, "not in time"
        time.sleep(0.05)
    return found


def cleaned():
    return json.loads(
        subprocess.check_output([sys.executable, "-m", "onionrig", "clean", "--json"], text=True)
    )


async def test_groups_that_nobody_removed_are_found_and_cleaned():
    name = f"onionrig-{secrets.token_hex(8)}"
    made = []
    async with cpu_shares(hosts(), name=name, guard=made.append):
        (group,) = (Path(path) for path in made if not gone([path]))
    (group / "host-pi1").mkdir(parents=True)  # as if it had never been removed
    busy = subprocess.Popen(BUSY)
    try:
        (group / "host-pi1" / "cgroup.procs").write_text(str(busy.pid))
        (found,) = (each for each in cleaned() if each["path"] == str(group))
        assert found["outcome"] == "in use"
        assert str(busy.pid) in found["why"]
    finally:
        busy.kill()
        busy.wait()
    (found,) = (each for each in cleaned() if each["path"] == str(group))
    assert (found["kind"], found["outcome"]) == ("control group", "removed")
    assert not group.exists()

"""Shares of the CPU: processes that would take all of it get what their host was given."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from onionrig.engine.emulation.cpu_shares import PERIOD_MICROSECONDS, _hierarchies, cpu_shares
from onionrig.rig.model import Host, Role, Service
from support.processes.emulated_run import BASELINE, StartedRun
from support.waiting import HANG_SECONDS, eventually, until

pytestmark = pytest.mark.bed

PERIOD_SECONDS = PERIOD_MICROSECONDS / 1e6
TICK_SECONDS = 0.05
"""A process's CPU time is read in ticks, its clock a moment before or after."""
CORES = {"pi1": 0.1, "pi2": 0.05}
"""Little enough that other work on this machine leaves it to them."""
BUSY = (sys.executable, "-c", "while True: pass")
PERIODS = 200
"""In which a host has to have used up its share: 4 s of those of 20 ms."""


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


def throttled(group):
    """Return in how many periods a group used its share up, and the kernel stopped it."""
    lines = (group / "cpu.stat").read_text().splitlines()
    return int(dict(line.split() for line in lines)["nr_throttled"])


def group_of(groups, name):
    """Return a host's group where its share is set."""
    (found,) = (
        group
        for path in groups
        for group in Path(path).glob(f"host-{name}")
        if "nr_throttled" in (group / "cpu.stat").read_text()
    )
    return found


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
            for name, child in busy.items():
                group = group_of(made, name)
                until(lambda child=child: entered(made, child.pid), f"{name} to be entered")
                began, begun_cpu, begun = time.monotonic(), cpu_seconds(child.pid), throttled(group)
                until(
                    lambda group=group, begun=begun: throttled(group) >= begun + PERIODS,
                    f"{name} to use its share up {PERIODS} times",
                )
                times = throttled(group) - begun
                used = cpu_seconds(child.pid) - begun_cpu
                seconds = time.monotonic() - began
                # as much as the periods that it used up, and no more than all that have passed
                assert used > 0.9 * times * CORES[name] * PERIOD_SECONDS, name
                assert used < 1.1 * seconds * CORES[name] + TICK_SECONDS, name
        finally:
            for child in busy.values():
                child.kill()
                child.wait()
    assert made
    assert gone(made)


async def test_what_still_runs_in_a_group_ends_with_it():
    made = []
    async with cpu_shares(
        hosts(), name=f"onionrig-{secrets.token_hex(8)}", guard=made.append
    ) as entering:
        child = subprocess.Popen((*entering(service("pi1")), *BUSY), env=os.environ)
        await eventually(lambda: entered(made, child.pid), "it to be entered")
    assert child.wait(timeout=HANG_SECONDS) == -9
    assert gone(made)


def test_groups_are_gone_after_the_controller_was_killed(tmp_path):
    text = BASELINE.replace('link = "20Mbit"', 'link = "20Mbit"\ncpu = 0.5')
    started = StartedRun(tmp_path, text)
    try:
        made = until(lambda: groups_of(started.process.pid), "groups of the run")
        started.process.kill()
        until(lambda: gone(made), "the groups to be gone")
    finally:
        started.close()


def entered(groups, pid):
    for path in (path for group in groups for path in Path(group).glob("host-*/cgroup.procs")):
        with suppress(OSError):  # that of another run, gone by now
            if str(pid) in path.read_text().split():
                return True
    return False


def groups_of(pid):
    """Return the control groups that children of a run's controller are in, wherever they are."""
    tops = [Path(parent) for found in _hierarchies() for parent in found.parents]
    groups = [path for top in tops for path in top.glob("onionrig-*")]
    children = psutil.Process(pid).children(recursive=True)
    return [group for group in groups if any(entered([group], child.pid) for child in children)]


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

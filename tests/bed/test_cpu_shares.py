"""Shares of the CPU: processes that would take all of it get what their host was given."""

from __future__ import annotations

import json
import secrets
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from onionrig.engine.emulation.cpu_shares import PERIOD_MICROSECONDS, cpu_shares
from onionrig.processes.cgroups import own_hierarchies
from onionrig.rig.model import Host, Role, Service
from support.processes.children import BUSY, child
from support.processes.emulated_run import BASELINE, emulated_run
from support.waiting import HANG_SECONDS, eventually, until

pytestmark = pytest.mark.bed

PERIOD_SECONDS = PERIOD_MICROSECONDS / 1e6
TICK_SECONDS = 0.05
"""A process's CPU time is read in ticks, its clock a moment before or after."""
CORES = {"pi1": 0.1, "pi2": 0.05}
"""Little enough that other work on this machine leaves it to them."""
BURNER = (sys.executable, "-c", BUSY)
PERIODS = 200
"""In which a host has to have used up its share: 4 s of those of 20 ms."""


def service(host, role=Role.BACKEND):
    return Service(
        name=f"{role}-{host}",
        role=role,
        host=host,
        argv=BURNER,
        directory="/",
        log_path="/dev/null",
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
        with ExitStack() as children:
            busy = {
                name: children.enter_context(child(*entering(service(name)), *BURNER))
                for name in CORES
            }
            for name, burner in busy.items():
                group = group_of(made, name)
                until(lambda pid=burner.pid: entered(made, pid), f"{name} to be entered")
                began, begun_cpu = time.monotonic(), cpu_seconds(burner.pid)
                begun = throttled(group)
                until(
                    lambda group=group, begun=begun: throttled(group) >= begun + PERIODS,
                    f"{name} to use its share up {PERIODS} times",
                )
                times = throttled(group) - begun
                used = cpu_seconds(burner.pid) - begun_cpu
                seconds = time.monotonic() - began
                # as much as the periods that it used up, and no more than all that have passed
                assert used > 0.9 * times * CORES[name] * PERIOD_SECONDS, name
                assert used < 1.1 * seconds * CORES[name] + TICK_SECONDS, name
    assert made
    assert gone(made)


async def test_what_still_runs_in_a_group_ends_with_it():
    made = []
    with ExitStack() as children:
        async with cpu_shares(
            hosts(), name=f"onionrig-{secrets.token_hex(8)}", guard=made.append
        ) as entering:
            burner = children.enter_context(child(*entering(service("pi1")), *BURNER))
            await eventually(lambda: entered(made, burner.pid), "it to be entered")
        assert burner.wait(timeout=HANG_SECONDS) == -9
    assert gone(made)


def test_groups_are_gone_after_the_controller_was_killed(tmp_path):
    # the evidence: until() fails if there never were groups, or if they stay
    text = BASELINE.replace('link = "20Mbit"', 'link = "20Mbit"\ncpu = 0.5')
    with emulated_run(tmp_path, text) as started:
        made = until(lambda: groups_of(started.process.pid), "groups of the run")
        started.process.kill()
        until(lambda: gone(made), "the groups to be gone")


def entered(groups, pid):
    for path in (path for group in groups for path in Path(group).glob("host-*/cgroup.procs")):
        with suppress(OSError):  # that of another run, gone by now
            if str(pid) in path.read_text().split():
                return True
    return False


def groups_of(pid):
    """Return the control groups that children of a run's controller are in, wherever they are."""
    tops = [Path(parent) for found in own_hierarchies() for parent in found.parents]
    groups = [path for top in tops for path in top.glob("onionrig-*")]
    children = psutil.Process(pid).children(recursive=True)
    return [group for group in groups if any(entered([group], one.pid) for one in children)]


async def test_groups_that_nobody_removed_are_found_and_cleaned(onionrig):
    def cleaned():
        return json.loads(onionrig("clean", "--json").stdout)

    name = f"onionrig-{secrets.token_hex(8)}"
    made = []
    async with cpu_shares(hosts(), name=name, guard=made.append):
        (group,) = (Path(path) for path in made if not gone([path]))
    (group / "host-pi1").mkdir(parents=True)  # as if it had never been removed
    with child(*BURNER) as busy:
        (group / "host-pi1" / "cgroup.procs").write_text(str(busy.pid))
        (found,) = (each for each in cleaned() if each["path"] == str(group))
        assert found["outcome"] == "in use"
        assert str(busy.pid) in found["why"]
    (found,) = (each for each in cleaned() if each["path"] == str(group))
    assert (found["kind"], found["outcome"]) == ("control group", "removed")
    assert not group.exists()

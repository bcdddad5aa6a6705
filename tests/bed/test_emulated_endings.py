"""Whatever ends a run, its namespaces and all that is in them are gone."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from onionrig.engine.emulation.hosts import Making
from onionrig.errors import DaemonDied, Unequipped
from onionrig.processes.fleet import Fleet
from support.processes.children import child
from support.processes.emulated_links import host, standing
from support.processes.emulated_run import namespaces_in_use, namespaces_of
from support.waiting import eventually

CONTROLLER = """
import asyncio, json, os, sys
from pathlib import Path
from onionrig.engine.emulation.hosts import emulated
from onionrig.processes.workspace import kept
from onionrig.processes.fleet import Fleet
from onionrig.rig.model import Host

async def main():
    hosts = [
        Host(name=f"host{n}", address=f"10.77.0.{n}", link_bits_per_second=50e6, delay_seconds=0.01)
        for n in (1, 2)
    ]
    async with kept(finish=["true"]) as keeping:
        fleet = Fleet(keeping.environment, keeping.guard)
        async with emulated(hosts, fleet, workspace=keeping.workspace, logs=Path(sys.argv[1])) as stands:
            print(json.dumps({
                "namespaces": [os.stat(f"/proc/{pid}/ns/net").st_ino for pid in fleet.processes().values()],
                "workspace": str(keeping.workspace),
            }), flush=True)
            await asyncio.Event().wait()

asyncio.run(main())
"""


def mounts():
    return Path("/proc/self/mountinfo").read_text()


async def test_a_killed_controller_leaves_no_namespace(tmp_path):
    argv = (sys.executable, "-c", CONTROLLER, str(tmp_path))
    with child(*argv, stdout=subprocess.PIPE, text=True) as process:
        told = json.loads(process.stdout.readline())
        made = set(told["namespaces"])
        assert len(made) == 4  # two hosts, the switch, the delay lines
        assert made <= namespaces_in_use()
        process.kill()
        await eventually(
            lambda: not made & namespaces_in_use() and not Path(told["workspace"]).exists(),
            "namespaces and workspace to be gone",
        )


async def test_leaving_the_block_leaves_no_namespace_and_no_mount(tmp_path):
    async with standing(tmp_path, host(1, delay=0.01), host(2)):
        made = namespaces_of(os.getpid())
        assert len(made) == 4
        assert not any(str(number) in mounts() for number in made)
        assert str(tmp_path) not in mounts()
    assert not made & namespaces_in_use()


async def test_a_host_whose_holder_dies_ends_the_block_by_name(tmp_path):
    with pytest.raises(DaemonDied, match="namespace-host1 was killed by SIGKILL"):
        async with standing(tmp_path, host(1)) as stands:
            os.kill(stands.namespaces["host1"].pid, 9)
            await asyncio.Event().wait()


async def test_a_delaybox_that_dies_ends_the_block_by_name(tmp_path):
    with pytest.raises(DaemonDied, match="delay-host1 was killed by SIGKILL"):
        async with standing(tmp_path, host(1, delay=0.01)) as stands:
            if stands.delayed_by == "netem":
                pytest.skip("this kernel has netem")
            os.kill(stands.delays["delay-host1"], 9)
            await asyncio.Event().wait()


async def test_what_the_kernel_refuses_is_said_with_the_line(tmp_path):
    async with Fleet(os.environ) as fleet:
        making = Making(fleet, workspace=tmp_path, logs=tmp_path)
        with pytest.raises(Unequipped, match="link add name x type nonesuch"):
            (await making.namespace("a", "a")).configure("ip", ["link add name x type nonesuch"])

"""Hosts are claimed for one run as a whole, and no host's timer waits for another host."""

import asyncio
from pathlib import PurePosixPath

import pytest

from onionrig.engine.ansible.connection import CommandFailed, CommandOutput
from onionrig.engine.ansible.hosts import RemoteHosts, RunHost
from onionrig.engine.ansible.scripts import IN_USE
from onionrig.errors import HostLost, HostsInUse, Unequipped
from onionrig.rig.units import HostRun
from support.waiting import HANG_SECONDS

RUN = HostRun(
    run_id="1a2b3c4d",
    workspace=PurePosixPath("/run/onionrig/1a2b3c4d"),
    records=PurePosixPath("/records"),
    longest_seconds=60,
)


class ScriptedConnection:
    """A connection that keeps the scripts it was given, and answers them as it is told to."""

    def __init__(self, host, answer=None):
        self.host = host
        self.scripts = []
        self._answer = answer

    async def script(self, text, **_):
        self.scripts.append(text)
        if self._answer is not None:
            await self._answer(self)

    async def run(self, *_, **__):
        return b""


async def in_use(connection):
    output = CommandOutput(code=IN_USE, stdout=b"99999999\nother, by ann on desk\n", stderr="")
    raise CommandFailed(connection.host, output)


async def refuses(connection):
    raise CommandFailed(connection.host, CommandOutput(code=1, stdout=b"", stderr="disk full"))


async def lost(connection):
    raise HostLost(f"{connection.host}: no route to host")


def hosts_of(tmp_path, *connections, grace_seconds=60):
    hosts = [RunHost(connection=connection, run=RUN) for connection in connections]
    return RemoteHosts(hosts, tmp_path, grace_seconds=grace_seconds)


async def test_a_run_that_does_not_get_the_first_host_asks_for_no_other(tmp_path):
    first, second = ScriptedConnection("pi1", in_use), ScriptedConnection("pi2")
    hosts = hosts_of(tmp_path, first, second)

    with pytest.raises(HostsInUse, match="pi1 is in use by other, by ann on desk"):
        await hosts.claim("mine")

    await hosts.give_back()
    assert (len(first.scripts), second.scripts) == (1, [])


async def test_every_host_that_cannot_be_claimed_is_named_and_the_others_are_given_back(tmp_path):
    late = asyncio.Event()

    async def answers_last(_):
        late.set()

    connections = [
        ScriptedConnection("pi1"),
        ScriptedConnection("pi2", refuses),
        ScriptedConnection("pi3", in_use),
        ScriptedConnection("pi4", answers_last),
    ]
    hosts = hosts_of(tmp_path, *connections)

    with pytest.raises(HostsInUse) as caught:
        await hosts.claim("mine")

    assert late.is_set()
    assert [line.split()[0] for line in str(caught.value).splitlines()] == ["pi3", "pi2"]
    await hosts.give_back()
    given_back = [connection.host for connection in connections if len(connection.scripts) > 1]
    assert given_back == ["pi1", "pi2", "pi4"]


@pytest.mark.parametrize(("answer", "error"), [(refuses, Unequipped), (lost, HostLost)])
async def test_a_host_that_cannot_be_claimed_for_another_reason_is_named(tmp_path, answer, error):
    hosts = hosts_of(tmp_path, ScriptedConnection("pi1", answer))
    with pytest.raises(error, match="pi1"):
        await hosts.claim("mine")


async def test_a_host_that_answers_late_keeps_no_other_from_hearing_of_the_controller(tmp_path):
    silent, heard = asyncio.Event(), asyncio.Event()

    async def waits(_):
        await silent.wait()

    async def counts(connection):
        if len(connection.scripts) > 2:
            heard.set()

    hosts = hosts_of(
        tmp_path,
        ScriptedConnection("pi1", waits),
        ScriptedConnection("pi2", counts),
        grace_seconds=0.01,
    )
    keeping = asyncio.create_task(hosts.keep())
    await asyncio.wait_for(heard.wait(), HANG_SECONDS)
    keeping.cancel()
    await asyncio.wait([keeping])

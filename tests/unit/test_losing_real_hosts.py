import asyncio
from pathlib import PurePosixPath

import pytest

from onionrig.engine.ansible.engine import AnsibleEngine
from onionrig.engine.ansible.hosts import RemoteHosts, RunHost
from onionrig.engine.ansible.looks import Looks
from onionrig.errors import HostLost, RunDirectoryError
from onionrig.rig.model import Listening, Role, Service
from onionrig.rig.units import HostRun
from onionrig.store.run_directory import RunDirectory
from support.files import lay_out


class NobodyAnswers:
    """A connection to a host that is gone."""

    def __init__(self, host):
        self.host = host

    async def script(self, *_):
        raise HostLost(f"{self.host}: no route to host")

    async def run(self, *_):
        raise HostLost(f"{self.host}: no route to host")


def hosts_of(tmp_path, *names):
    run = HostRun(
        run_id="1a2b3c4d",
        workspace=PurePosixPath("/run/onionrig/1a2b3c4d"),
        records=PurePosixPath("/records"),
        longest_seconds=60,
    )
    hosts = RemoteHosts(
        [RunHost(connection=NobodyAnswers(name), run=run) for name in names],
        tmp_path,
        grace_seconds=60,
    )
    hosts.places = {f"sink-{name}": name for name in names}
    for name in hosts.places:
        hosts.ends.started(name)
    return hosts


async def touch(host):
    await host.connection.script("true")


async def test_a_host_that_is_lost_before_a_load_ends_the_run(tmp_path):
    hosts = hosts_of(tmp_path, "pi1")

    with pytest.raises(HostLost, match="pi1: no route to host"):
        await hosts.on_all(touch)


async def test_a_host_that_is_lost_under_load_is_reported_once_and_its_services_count_as_ended(
    tmp_path,
):
    hosts, losses = hosts_of(tmp_path, "pi1", "pi2"), []

    with hosts.outliving(losses.append):
        await hosts.on_all(touch)
        await hosts.on_all(touch)

    assert sorted((loss.name, loss.reason) for loss in losses) == [
        ("pi1", "no route to host"), ("pi2", "no route to host"),
    ]  # fmt: skip
    assert list(hosts) == []
    assert await asyncio.wait_for(hosts.ends.ended("sink-pi1"), 60) == 0


async def test_an_error_of_the_callback_for_losses_ends_the_run(tmp_path):
    hosts = hosts_of(tmp_path, "pi1")

    def refuse(loss):
        raise HostLost(f"{loss.name} is the only one")

    with hosts.outliving(refuse), pytest.raises(HostLost, match="the only one"):
        await hosts.on_all(touch)
    assert hosts.lost == set()


async def test_a_host_that_goes_down_because_it_was_told_to_is_not_lost(tmp_path):
    hosts, losses = hosts_of(tmp_path, "pi1"), []
    hosts.goes_down("pi1")

    with hosts.outliving(losses.append), hosts.bearing_loss_of("pi1"):
        raise HostLost("pi1: the connection to it has ended")

    assert losses == []
    assert hosts.gone == {"pi1"}


async def test_nothing_is_lost_once_the_run_is_being_left(tmp_path):
    hosts = hosts_of(tmp_path, "pi1")
    hosts.leave()

    with hosts.bearing_loss_of("pi1"):
        raise HostLost("pi1: the connection to it has ended")

    assert hosts.lost == set()


async def test_nobody_waits_for_a_service_whose_host_is_gone(tmp_path):
    hosts = hosts_of(tmp_path, "pi1")
    looks, losses = Looks(hosts), []
    source = Service(
        name="source-pi1", role=Role.SOURCE, host="pi1", argv=("source",),
        directory=PurePosixPath("/work"), log_path=PurePosixPath("/records/source.log"),
        ready=Listening(tcp=(("192.0.2.1", 10000),)),
    )  # fmt: skip
    looks.starts(source, tmp_path / "source.log")

    with hosts.outliving(losses.append):
        look = await looks.at(source)

    assert look.listens
    assert [loss.name for loss in losses] == ["pi1"]


async def test_a_program_of_ours_that_ends_with_an_error_is_named_with_its_host(tmp_path):
    hosts = hosts_of(tmp_path, "pi1")
    sink = Service(
        name="sink-pi1", role=Role.SINK, host="pi1", argv=("sink",),
        directory=PurePosixPath("/work"), log_path=PurePosixPath("/records/logs/sink-pi1.log"),
    )  # fmt: skip
    engine = AnsibleEngine(hosts, {}, None, RunDirectory(tmp_path), None)
    engine._services = {sink.name: sink}
    full = engine.death("sink-pi1", RunDirectoryError.exit_code)
    assert isinstance(full, RunDirectoryError)
    assert str(full).startswith("sink-pi1 on pi1: the run directory cannot be written (disk full")
    lay_out(tmp_path, {"logs/sink-pi1.log": "error: samples/sink-pi1.jsonl: No space left\n"})
    said = str(engine.death("sink-pi1", RunDirectoryError.exit_code))
    assert said == "sink-pi1 on pi1: samples/sink-pi1.jsonl: No space left"

"""Deadlines that name what is late, with real daemons that are stopped or never come."""

import signal

import pytest

from onionrig.cli.asking import ask, flags_layer
from onionrig.engine import bring_up, frontend
from onionrig.engine.describe import Asked
from onionrig.engine.equipment import Equipment
from onionrig.engine.processes import Fleet
from onionrig.engine.run import run
from onionrig.errors import BringUpTimeout
from onionrig.recorder.run_directory import RunDirectory


async def stalled(tmp_path, monkeypatch, cache, *, stop):
    """Run the smoke profile with one service stopped as soon as it starts; return the error."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    start = Fleet.start

    def started(fleet, service):
        process = start(fleet, service)
        if service.name == stop:
            process.signal(signal.SIGSTOP)
        return process

    monkeypatch.setattr(Fleet, "start", started)
    flags = flags_layer()
    question = ask(None, "smoke", [], flags)
    asked = Asked.repeated(question.experiment, resolved={}, profile="smoke", command=("pytest",))
    directory = RunDirectory.create(tmp_path / "run")
    with pytest.raises(BringUpTimeout) as caught:
        await run(asked, Equipment.found(), directory, [].append)
    result = directory.read_result()
    assert result.status == "aborted"
    assert result.failure.exit_code == 6
    return str(caught.value)


async def test_a_relay_that_never_comes_is_named_with_its_log(tmp_path, monkeypatch, cache):
    monkeypatch.setattr(bring_up, "CONSENSUS_SECONDS", 12)
    said = await stalled(tmp_path, monkeypatch, cache, stop="relay-2")
    assert "relay-2 is missing" in said
    assert "relay-2.log" in said


async def test_a_client_that_does_not_bootstrap_is_named_with_its_log(tmp_path, monkeypatch, cache):
    monkeypatch.setattr(bring_up, "BOOTSTRAP_SECONDS", 12)
    said = await stalled(tmp_path, monkeypatch, cache, stop="client-1")
    assert "client-1 is at 0 %" in said
    assert "client-1.log" in said


async def test_an_onionbalance_that_does_not_publish_is_named_with_its_log(
    tmp_path, monkeypatch, cache
):
    monkeypatch.setattr(frontend, "PUBLISHED_SECONDS", 5)
    said = await stalled(tmp_path, monkeypatch, cache, stop="balancer")
    assert "Onionbalance to publish the address" in said
    assert "balancer.log" in said

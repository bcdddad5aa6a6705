"""Deadlines that name what is late, with real daemons that are stopped or never come.

How long a healthy daemon takes depends on the machine, so a deadline is over here once everything
that is not stopped has come: that is what the run says it waits for.
"""

import asyncio
import re
import signal
from contextlib import asynccontextmanager

import pytest

from onionrig.cli.question import ask, flags_layer
from onionrig.engine import readiness
from onionrig.engine.registry import opening_for
from onionrig.errors import BringUpTimeout
from onionrig.processes.fleet import Fleet
from onionrig.records.events import Waiting
from onionrig.run import bring_up, frontend
from onionrig.run.phases import run
from onionrig.store.run_directory import RunDirectory
from support.waiting import HANG_SECONDS


class Evidence:
    """Ends deadlines as soon as the run says that it waits for what a pattern matches."""

    def __init__(self, pattern):
        self._pattern = re.compile(pattern)
        self._over = False
        self._running = []

    def take(self, event):
        """Look at an event of the run."""
        if isinstance(event, Waiting) and self._pattern.search(event.subject):
            self._over = True
            for block in self._running:
                block.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def deadline(self, _seconds, subject):
        """Stand in for ``processes.deadline.deadline``."""
        try:
            async with asyncio.timeout(0 if self._over else HANG_SECONDS) as block:
                self._running.append(block)
                try:
                    yield
                finally:
                    self._running.remove(block)
        except TimeoutError as error:
            raise BringUpTimeout(f"still waiting for {subject()}") from error


async def stalled(tmp_path, monkeypatch, cache, *, stop, tell=lambda _: None):
    """Run the smoke profile with one service stopped as soon as it starts; return the error."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setattr(bring_up, "CONSENSUS_SECONDS", HANG_SECONDS)
    monkeypatch.setattr(bring_up, "BOOTSTRAP_SECONDS", HANG_SECONDS)
    start = Fleet.start

    def started(fleet, child):
        process = start(fleet, child)
        if child.name == stop:
            process.signal(signal.SIGSTOP)
        return process

    monkeypatch.setattr(Fleet, "start", started)
    flags = flags_layer()
    question = ask(None, "smoke", [], flags)
    directory = RunDirectory.create(tmp_path / "run")
    with pytest.raises(BringUpTimeout) as caught:
        await run(question, opening_for(question.experiment), directory, tell)
    result = directory.read_result()
    assert result.status == "aborted"
    assert result.failure.exit_code == 6
    return str(caught.value)


async def test_a_relay_that_never_comes_is_named_with_its_log(tmp_path, monkeypatch, cache):
    evidence = Evidence(r"a consensus of 11 relays; the last one lists 10,")
    monkeypatch.setattr(bring_up, "deadline", evidence.deadline)
    said = await stalled(tmp_path, monkeypatch, cache, stop="relay-2", tell=evidence.take)
    assert "relay-2 is missing" in said
    assert "relay-2.log" in said


async def test_a_client_that_does_not_bootstrap_is_named_with_its_log(tmp_path, monkeypatch, cache):
    evidence = Evidence(r"1 of 4 tors to bootstrap; the slowest, client-1, is at 0 %")
    monkeypatch.setattr(readiness, "deadline", evidence.deadline)
    said = await stalled(tmp_path, monkeypatch, cache, stop="client-1", tell=evidence.take)
    assert "client-1, is at 0 %" in said
    assert "client-1.log" in said


async def test_an_onionbalance_that_does_not_publish_is_named_with_its_log(
    tmp_path, monkeypatch, cache
):
    monkeypatch.setattr(frontend, "INSTANCES_SECONDS", HANG_SECONDS)
    monkeypatch.setattr(frontend, "PUBLISHED_SECONDS", 5)
    said = await stalled(tmp_path, monkeypatch, cache, stop="balancer")
    assert "Onionbalance to publish the address" in said
    assert "balancer.log" in said

"""What happens to a rig in its hold, with real children: ended, hung, told to go on, started again."""

import asyncio
import os
import signal
import time
from contextlib import asynccontextmanager
from typing import NamedTuple

import psutil
import pytest

from onionrig.engine.local.engine import LocalEngine, entered_local
from onionrig.engine.local.equipment import Equipment
from onionrig.errors import DaemonDied
from onionrig.experiment.faults.base import PlannedFault
from onionrig.movers.clock import SteadyClock
from onionrig.processes import fleet as processes
from onionrig.processes.fleet import GRACE_SECONDS
from onionrig.processes.together import tasks
from onionrig.records.events import AnyEvent, Happened
from onionrig.rig.model import Rig, Role
from onionrig.run.faults import carry_out
from onionrig.run.follow_up import FollowUp
from onionrig.run.journal import Journal
from onionrig.store.lines import read_all
from onionrig.store.run_directory import RunDirectory
from support.processes.children import IDLE, STUBBORN, python_service
from support.waiting import HANG_SECONDS, eventually

pytestmark = pytest.mark.process

POLITE = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print('asked to end', flush=True), sys.exit(0)))
print('up', flush=True)
time.sleep(3600)
"""
COUNTING = "import time\nwhile True: print('up', flush=True); time.sleep(0.01)"
DIES_THE_SECOND_TIME = """
import pathlib, sys, time
mark = pathlib.Path('been here')
if mark.exists():
    sys.exit('no second life')
mark.touch()
print('up', flush=True)
time.sleep(3600)
"""


@asynccontextmanager
async def standing(tmp_path, **programs):
    """An engine whose services run these programs, all of them up, and what it is told of."""
    services = tuple(
        python_service(tmp_path, code, name=name, role=Role.BACKEND)
        for name, code in programs.items()
    )
    rig = Rig(
        hosts=(), services=services, address="a.onion", port=1, mode="anonymous", expected_points=0
    )
    events = []
    directory = RunDirectory.create(tmp_path / "run")
    journal = Journal(directory.events_appender(), events.append)
    async with entered_local(Equipment(), directory) as engine:
        await engine.prepare(rig)
        await engine.start(services)
        for name in programs:
            await eventually(lambda name=name: "up" in said(tmp_path, name), f"{name} to be up")
        yield Standing(engine, rig), journal, events
    journal.close()


class Standing(NamedTuple):
    """An engine and the rig that it runs."""

    engine: LocalEngine
    rig: Rig

    def processes(self):
        """The process ids of what runs, by service."""
        return self.engine.processes()


def said(tmp_path, name):
    return (tmp_path / f"{name}.log").read_text()


@pytest.fixture
def patience(monkeypatch):
    """Give one that is asked to end as long as it takes: a busy machine lets it run late."""
    monkeypatch.setattr(processes, "GRACE_SECONDS", HANG_SECONDS)


async def happen(engine, journal, *events):
    """Have events happen that are due by now."""
    planned = [PlannedFault(at_seconds=0.0, verb=verb, subject=subject) for verb, subject in events]
    async with tasks() as group:
        await carry_out(
            engine.engine,
            engine.rig,
            planned,
            journal,
            FollowUp(engine.engine, journal, group),
            until=lambda _: 0.0,
        )


async def test_a_killed_service_is_gone_and_its_end_ends_nothing_else(tmp_path):
    async with standing(tmp_path, one=IDLE, other=IDLE) as (engine, journal, events):
        killed, other = (engine.processes()[name] for name in ("one", "other"))
        await happen(engine, journal, ("kill", "one"))
        assert not psutil.pid_exists(killed)
        assert engine.processes() == {"other": other}
        (event,) = events
        assert (event.verb, event.subject) == ("kill", "one")
        assert isinstance(event, Happened)
        assert psutil.pid_exists(other)


async def test_a_stopped_service_is_asked_to_end(tmp_path, patience):
    async with standing(tmp_path, one=POLITE) as (engine, journal, _):
        await happen(engine, journal, ("stop", "one"))
        assert engine.processes() == {}
        assert "asked to end" in said(tmp_path, "one")


async def test_a_service_that_does_not_stop_is_killed_after_the_grace(tmp_path):
    async with standing(tmp_path, one=STUBBORN) as (engine, journal, _):
        began = time.monotonic()
        await happen(engine, journal, ("stop", "one"))
        assert engine.processes() == {}
        assert time.monotonic() - began >= GRACE_SECONDS


async def test_a_hanging_service_stands_still_until_it_is_resumed(tmp_path):
    async with standing(tmp_path, one=COUNTING) as (engine, journal, events):
        process = psutil.Process(engine.processes()["one"])
        await happen(engine, journal, ("hang", "one"))
        await eventually(lambda: process.status() == psutil.STATUS_STOPPED, "it to stand still")
        so_far = len(said(tmp_path, "one"))
        await happen(engine, journal, ("resume", "one"))
        await eventually(lambda: len(said(tmp_path, "one")) > so_far, "it to go on")
        assert [event.verb for event in events] == ["hang", "resume"]


@pytest.mark.parametrize("verb", ["kill", "stop"])
async def test_a_hanging_service_can_be_ended(tmp_path, patience, verb):
    async with standing(tmp_path, one=POLITE) as (engine, journal, _):
        await happen(engine, journal, ("hang", "one"), (verb, "one"))
        assert engine.processes() == {}
        assert ("asked to end" in said(tmp_path, "one")) == (verb == "stop")


async def test_a_service_that_is_started_again_is_another_process_with_the_same_log(tmp_path):
    async with standing(tmp_path, one=IDLE) as (engine, journal, _):
        first = engine.processes()["one"]
        await happen(engine, journal, ("kill", "one"), ("start", "one"))
        await eventually(lambda: said(tmp_path, "one").count("up") == 2, "it to be up again")
        second = engine.processes()["one"]
        assert second != first
    assert not psutil.pid_exists(second)


async def test_a_service_that_was_ended_on_purpose_may_not_die_once_it_runs_again(tmp_path):
    with pytest.raises(DaemonDied) as caught:
        async with standing(tmp_path, one=DIES_THE_SECOND_TIME) as (engine, journal, _):
            await happen(engine, journal, ("kill", "one"), ("start", "one"))
            await asyncio.Event().wait()
    assert "one ended with exit code 1" in str(caught.value)
    assert "no second life" in str(caught.value)


async def test_the_end_of_a_service_that_nobody_asked_for_is_a_failure_beside_one_that_was(
    tmp_path,
):
    with pytest.raises(DaemonDied, match="other was killed by SIGKILL"):
        async with standing(tmp_path, one=IDLE, other=IDLE) as (engine, journal, _):
            await happen(engine, journal, ("kill", "one"))
            os.kill(engine.processes()["other"], signal.SIGKILL)
            await asyncio.Event().wait()


async def test_nothing_happens_before_its_time_which_is_all_that_is_waited_for(tmp_path):
    async with standing(tmp_path, one=IDLE) as (engine, journal, events):
        clock = SteadyClock()
        hold_second = clock.second() + 2
        awaited = []

        def until(seconds):
            awaited.append(seconds)
            return clock.until(hold_second + seconds)

        due = {"hang": 0.0, "resume": 0.5, "kill": 0.75}
        planned = [
            PlannedFault(at_seconds=at, verb=verb, subject="one") for verb, at in due.items()
        ]
        async with tasks() as group:
            await carry_out(
                engine.engine,
                engine.rig,
                planned,
                journal,
                FollowUp(engine.engine, journal, group),
                until=until,
            )
        assert awaited == list(due.values())
        assert [event.verb for event in events] == list(due)
        # the wall clock may be slewed meanwhile, which the steady one is not
        happened = {event.verb: event.wall_seconds - hold_second + 0.01 for event in events}
        assert all(happened[verb] >= at for verb, at in due.items()), happened


async def test_things_happen_in_their_order_and_each_is_written_down(tmp_path):
    async with standing(tmp_path, one=IDLE, other=IDLE) as (engine, journal, events):
        await happen(engine, journal, ("kill", "other"), ("hang", "one"), ("start", "other"))
        assert [(event.verb, event.subject) for event in events] == [
            ("kill", "other"),
            ("hang", "one"),
            ("start", "other"),
        ]
        assert list(read_all(tmp_path / "run" / "events.jsonl", AnyEvent)) == events

"""When a run reads its yardsticks, and what it does about one that is not heard."""

import asyncio
from types import SimpleNamespace

import pytest

from onionrig.engine.base import Signal
from onionrig.rig.model import Role
from onionrig.run.yardstick import READING_SECONDS, yardstick_read
from support.fake_engine.runs import BUSY, Ran, know_the_network, script
from support.fake_engine.virtual_time import run_at_once

QUIET = {**BUSY, "events": []}
NOT_READ = "the yardstick had not read every core of"
NEVER = 1_000_000
"""As many looks as no deadline has room for."""


@pytest.fixture(autouse=True)
def known_network(monkeypatch):
    know_the_network(monkeypatch)


class Engine:
    """What reading yardsticks asks of an engine: some are heard after so many seconds, or never."""

    def __init__(self, heard_after_seconds, lost=()):
        self._heard_after_seconds = heard_after_seconds
        self.lost_hosts = frozenset(lost)
        self.asked = []

    def follow(self, service, _kind):
        seconds = self._heard_after_seconds[service.host]

        async def new():
            await asyncio.sleep(0)
            heard = asyncio.get_running_loop().time() >= seconds
            return [SimpleNamespace(moment="before"), *[SimpleNamespace(moment="hold")] * heard]

        return SimpleNamespace(new=new)

    async def start(self, services):
        await asyncio.sleep(0)
        self.asked += [("start", service.host) for service in services]

    async def end(self, service, signal):
        await asyncio.sleep(0)
        assert signal is Signal.TERMINATE
        self.asked.append(("end", service.host))


class Journal:
    def __init__(self):
        self.notes, self.waits = [], []
        self.note, self.waiting = self.notes.append, self.waits.append


def read(heard_after_seconds, **more):
    """What was noted, after how many seconds the load could begin, and what was asked, in order."""
    engine, journal = Engine(heard_after_seconds, **more), Journal()
    services = tuple(SimpleNamespace(host=host, name=host) for host in heard_after_seconds)
    rig = SimpleNamespace(with_role=lambda role: services if role is Role.YARDSTICK else ())

    async def load():
        async with yardstick_read(engine, rig, journal):
            engine.asked.append("load")
            return asyncio.get_running_loop().time()

    began = run_at_once(load())
    return SimpleNamespace(notes=journal.notes, began=began, asked=engine.asked)


def test_a_load_begins_when_every_core_of_every_host_was_read_and_yardsticks_end_after_it():
    done = read({"north": 1.0, "south": 4.0})
    assert done.notes == []
    assert 4 <= done.began < READING_SECONDS
    assert done.asked == [
        ("start", "north"), ("start", "south"), "load", ("end", "north"), ("end", "south"),
    ]  # fmt: skip


def test_hosts_that_are_never_heard_are_noted_and_the_load_begins_without_their_readings():
    done = read({"north": 0.0, "south": NEVER, "east": NEVER})
    assert done.notes == [f"{NOT_READ} south, east before the load"]
    assert done.began == pytest.approx(READING_SECONDS)
    assert "load" in done.asked


def test_a_lost_hosts_yardstick_is_not_waited_for():
    done = read({"south": NEVER, "north": 1.0}, lost=["south"])
    assert done.notes == []
    assert done.began < READING_SECONDS / 2


def test_a_rig_without_yardsticks_waits_for_none():
    done = read({})
    assert (done.notes, done.began, done.asked) == ([], 0, ["load"])


def test_a_run_starts_its_yardstick_before_the_load_and_ends_it_after_the_sinks(tmp_path):
    ran = Ran(tmp_path / "run", QUIET, script())
    assert ran.error is None
    (yardstick,) = ran.script.engines[0].rig.with_role(Role.YARDSTICK)
    asked = [tuple(one) for one in ran.script.asked]
    ended = asked.index((f"end {Signal.TERMINATE}", yardstick.name))
    assert asked.index(("start", yardstick.name)) < asked.index(("write schedule", ""))
    assert ended > max(at for at, one in enumerate(asked) if one[0] == "finished")
    assert not ran.noted(NOT_READ)


def test_a_yardstick_that_is_heard_late_is_waited_for(tmp_path):
    ran = Ran(tmp_path / "run", QUIET, script(slow={"follow YardstickSample": 20}))
    assert (ran.error, ran.wrong()) == (None, [])
    assert not ran.noted(NOT_READ)


def test_a_run_whose_yardstick_is_never_heard_goes_on(tmp_path):
    ran = Ran(tmp_path / "run", QUIET, script(slow={"follow YardstickSample": NEVER}))
    assert (ran.error, ran.wrong()) == (None, [])
    assert ran.noted(f"{NOT_READ} north before the load")
    assert ran.result.yardstick is None
    assert ran.result.goodput.sustained_bits_per_second

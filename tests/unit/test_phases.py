"""The phases of a run on an engine that is nowhere: failed at every step, cancelled at every await."""

import asyncio
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

import onionrig.run
from onionrig.cli.question import ask
from onionrig.errors import BringUpTimeout, DaemonDied
from onionrig.records.events import Phase, PhaseBegan
from onionrig.run import bring_up, descriptors, frontend, load, watching
from onionrig.run.phases import run
from onionrig.store.run_directory import RunDirectory
from onionrig.tor import directory
from recordings import sink_sample
from support.fake_engine import CLOCKS_AHEAD_SECONDS, FakeOpening, Script, append
from support.steps import Steps, awaits_in, first_of_each, run_in_steps
from support.virtual_time import VirtualClock, run_at_once

HOSTS = [
    {"name": "north", "roles": ["authority", "relay", "balancer"]},
    {"name": "south", "roles": ["backend"]},
    {"name": "east", "roles": ["client"]},
]
BUSY = {
    "hosts": HOSTS,
    "network": {"authorities": 3, "relays": 3},
    "backends": {"daemons": 2},
    "load": {
        "streams": 2, "clients": 2, "ramp": "1s", "hold": "10s", "dials_a_backend": 1,
        "dial_every": "1s",
    },
    "events": [
        {"at": "1s", "hang": "backend-1"},
        {"at": "2s", "resume": "backend-1"},
        {"at": "3s", "kill": "balancer"},
        {"at": "4s", "start": "balancer"},
        {"at": "5s", "link_rate": "south", "rate": "10Mbit"},
        {"at": "5500ms", "link_down": "south"},
        {"at": "5750ms", "link_up": "south"},
        {"at": "6s", "stop": "north"},
        {"at": "7s", "start": "north"},
        {"at": "8s", "kill": "south"},
    ],
}  # fmt: skip
BASELINE = {
    "hosts": HOSTS, "network": {"kind": "none"}, "backends": {"daemons": 1},
    "load": {"streams": 2, "ramp": "1s", "hold": "10s"},
}  # fmt: skip
SERVING = {
    "network": {"kind": "none"}, "backends": {"daemons": 1},
    "baseline": {"listen": "192.0.2.1:9000"},
}  # fmt: skip
SLOW = {
    "control": 1,
    "info": 2,
    "publishes": 2,
    "cached": 3,
    "follow TorSample": 2,
    "second backend": 8,
}
EXTENDED = {**BUSY, "events": [], "frontend": {"balancer": "extended", "variants": 2}}
ROOM = str(Path(onionrig.run.__file__).parent)


def served(run_directory, rig, schedule):
    """Have every sink record that it was served, as the sinks of a real run do."""
    if schedule is None:
        return
    backends = [service.name for service in rig.services if service.name.startswith("backend")]
    counted = dict.fromkeys(backends or ["south"], 1_000_000)
    for service in rig.services:
        if service.name.startswith("sink"):
            seconds = range(schedule.ramp_second, schedule.end_second)
            samples = [sink_sample(second, counted) for second in seconds]
            append(run_directory.sample_path(service.name), samples)


@pytest.fixture(autouse=True)
def known_network(monkeypatch):
    """Every tor knows the same network, and every HSDir holds the same descriptor."""

    async def network(_tor):
        await asyncio.sleep(0)
        return "the network"

    async def hsdirs_say(tor, address, _hsdirs):
        return [SimpleNamespace(descriptor=await tor.fetch_descriptor(address))]

    hsdirs = [SimpleNamespace(relay=SimpleNamespace(fingerprint=f"F{n}")) for n in range(6)]
    for module in (descriptors, watching):
        monkeypatch.setattr(module, "client_hsdirs", lambda *_: hsdirs)
    monkeypatch.setattr(descriptors, "known_network", network)
    monkeypatch.setattr(directory, "known_network", network)
    monkeypatch.setattr(watching, "ask_all", hsdirs_say)
    monkeypatch.setattr(frontend, "seconds_until_balancer", lambda *_, **__: 1.0)
    monkeypatch.setattr(load, "SteadyClock", VirtualClock)
    monkeypatch.setattr(bring_up, "seconds_until_start", lambda *_, **__: 1.0)


class Ran:
    """One run in virtual time: what it came to, and what it left behind."""

    def __init__(self, path, tables, script, steps=None, *, traced=None):
        self.script = script
        self.steps = steps or Steps()
        self.directory = RunDirectory.create(path)
        self.told = []
        self.tasks_left = None
        self.result, self.error = None, None
        question = ask(None, None, [], tables, name="fake")
        self.serves_only = question.serves_only
        try:
            self.result = run_in_steps(run_at_once, self._run(question), self.steps, traced=traced)
        except BaseException as error:  # noqa: BLE001 - what is raised is what is looked at
            self.error = error

    async def _run(self, question):
        try:
            return await run(question, FakeOpening(self.script), self.directory, self._tell)
        finally:
            self.tasks_left = self.steps.left()

    def _tell(self, event):
        self.told.append(event)
        if self.serves_only and getattr(event, "phase", None) is Phase.HOLD:
            signal.raise_signal(signal.SIGINT)  # which is how serving is meant to end

    def is_over(self):
        """Whether all that was asked had been done: from then on nothing can fail."""
        phases = {event.phase for event in self.told if isinstance(event, PhaseBegan)}
        return Phase.TEAR_DOWN in phases or (self.serves_only and Phase.HOLD in phases)

    def noted(self, text):
        """Whether the journal has a note with this text."""
        return any(text in getattr(event, "text", "") for event in self.told)

    def wrong(self):
        """What is not as it must be after any run, however it ended."""
        wrong = [f"{task.get_name()} goes on" for task in self.tasks_left or ()]
        wrong += [f"{name} is still open" for name in self.script.left_open or ()]
        started = any(asked.what == "start" for asked in self.script.asked)
        if started and self.script.asked[-1].what != "collect":
            wrong.append(f"after collect there was {self.script.asked[-1]}")
        result = self.directory.read_result()
        if result is None or result.status != ("aborted" if self.error else "complete"):
            wrong.append(f"the result is {result and result.status}")
        return wrong


def script(**changed):
    return Script(recorded=[served], **changed)


def said_wrong(failures):
    return "\n".join(f"{where}: {what}" for where, found in failures.items() for what in found)


SCENARIOS = {
    "everything": (BUSY, {}),
    "slow tors, late and poor descriptors": (BUSY, {"slow": SLOW, "late": 3, "poor": 4}),
    "two variants": (EXTENDED, {}),
    "no tor": (BASELINE, {}),
    "serving only": (SERVING, {}),
    "a relay that never comes": ({**BUSY, "events": []}, {"lists": 5}),
}


@pytest.fixture(scope="module", params=SCENARIOS)
def scenario(request):
    tables, changed = SCENARIOS[request.param]
    return tables, lambda: script(**changed)


def test_a_run_on_hosts_that_are_nowhere_goes_through_all_its_phases(tmp_path):
    ran = Ran(tmp_path / "run", BUSY, script())
    assert ran.error is None
    assert ran.wrong() == []
    assert ran.result.goodput.sustained_bits_per_second == pytest.approx(16e6)
    manifest = ran.directory.read_manifest()
    ahead = {host.name: host.clock_offset_seconds for host in manifest.hosts}
    assert ahead == CLOCKS_AHEAD_SECONDS
    assert {host.kind for host in manifest.hosts} == {"remote"}
    (note,) = (event.text for event in ran.told if getattr(event, "text", "").startswith("to read"))
    assert "by hand: ssh east nc -X 5 -x 127.0.0.1:" in note


def test_a_relay_that_never_comes_is_named_with_the_last_line_of_its_log(tmp_path):
    ran = Ran(tmp_path / "run", {**BUSY, "events": []}, script(lists=5))
    assert isinstance(ran.error, BringUpTimeout)
    assert "it lists 5, relay-3 is missing, its last line: the last line of relay-3" in str(
        ran.error
    )
    assert "its log: /nowhere/north/records/logs/relay-3.log" in str(ran.error)


def test_whatever_fails_is_what_is_raised_and_everything_is_ended(tmp_path, scenario):
    tables, scripted = scenario
    asked = Ran(tmp_path / "whole", tables, scripted()).script.asked
    failures = {}
    for number in first_of_each(asked):
        failing, each = scripted(), asked[number - 1]
        failing.fails_at, failing.failure = number, DaemonDied(f"{each} failed")
        ran = Ran(tmp_path / f"{number}", tables, failing)
        assert failing.asked[number - 1].what == each.what
        failures[f"{number} {each}"] = ran.wrong()
        if ran.error is not failing.failure and not ran.noted("were not watched to the end"):
            failures[f"{number} {each}"].append(f"{ran.error!r} was raised")
    assert said_wrong(failures) == ""


def test_wherever_it_is_cancelled_everything_is_ended(tmp_path, scenario):
    tables, scripted = scenario
    whole = Ran(tmp_path / "whole", tables, scripted(), traced=ROOM)
    failures = {}
    for number in first_of_each(whole.steps.places):
        ran = Ran(tmp_path / f"{number}", tables, scripted(), Steps(at=number))
        failures[f"{number} {whole.steps.places[number - 1]}"] = ran.wrong()
        first = asyncio.CancelledError, type(whole.error or whole)
        if not isinstance(ran.error, first) and not ran.is_over():
            failures[f"{number} {whole.steps.places[number - 1]}"].append(
                f"{ran.error!r} was raised"
            )
    assert said_wrong(failures) == ""


def test_whenever_a_daemon_dies_that_is_what_is_raised(tmp_path, scenario):
    tables, scripted = scenario
    whole = Ran(tmp_path / "whole", tables, scripted(), traced=ROOM)
    failures = {}
    for number in first_of_each(whole.steps.places, most=1):
        dying, error = scripted(), DaemonDied(f"relay-1 died at {number}")
        kill = lambda dying=dying, error=error: [each.die(error) for each in dying.engines]  # noqa: E731
        ran = Ran(tmp_path / f"{number}", tables, dying, Steps(at=number, do=kill))
        failures[f"{number}"] = ran.wrong()
        if dying.engines and ran.error is not error and not (ran.is_over() or whole.error):
            failures[f"{number}"].append(f"{ran.error!r} was raised")
    assert said_wrong(failures) == ""


def line_of(name, text):
    lines = (Path(ROOM) / name).read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_the_scenarios_wait_at_every_await_that_there_is(tmp_path):
    waited = set()
    for number, (tables, changed) in enumerate(SCENARIOS.values()):
        steps = Steps()
        Ran(tmp_path / f"{number}", tables, script(**changed), steps, traced=ROOM)
        waited |= {line for place in steps.places for line in place}
    never = [
        f"{path.name}: {lines.start}"
        for path in sorted(Path(ROOM).glob("*.py"))
        for lines in awaits_in(path)
        if not any((str(path), line) in waited for line in lines)
    ]
    # it starts a task and goes on
    assert never == [f"load.py: {line_of('load.py', 'enter_async_context(watched(')}"]

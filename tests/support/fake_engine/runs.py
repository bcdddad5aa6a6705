"""Runs on an engine that is nowhere, in virtual time: what is asked of them, and what they leave."""

from __future__ import annotations

import asyncio
import signal
from types import SimpleNamespace

from onionrig.cli.catalogue import catalogue
from onionrig.cli.inventory import inventory
from onionrig.cli.profiles import profile_layer
from onionrig.experiment.question import question_from
from onionrig.records.events import Phase, PhaseBegan
from onionrig.run import bring_up, descriptors, frontend, load, watching
from onionrig.run.phases import run
from onionrig.store.run_directory import RunDirectory
from onionrig.tor import directory
from support.fake_engine.engine import FakeOpening, Script
from support.fake_engine.steps import Steps, run_in_steps
from support.fake_engine.virtual_time import VirtualClock, run_at_once
from support.records.run_directories import append
from support.records.samples import sink_sample

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
        {"at": "9s", "reboot": "north"},
    ],
}  # fmt: skip
SPARE = {
    **BUSY,
    "hosts": [
        {"name": "north", "roles": ["authority", "relay", "balancer", "backend"]},
        {"name": "south", "roles": ["backend", "client"]},
        {"name": "east", "roles": ["client"]},
    ],
    "events": [
        {"at": "8s", "kill": "backend-2"},
        {"at": "8500ms", "start": "backend-2"},
        {"at": "9s", "stop": "north"},
    ],
}  # fmt: skip
"""Any of its hosts but north can be lost: another has each of its roles."""
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
    "bootstrap": 2,
    "publishes": 2,
    "cached": 3,
    "follow TorSample": 2,
    "follow YardstickSample": 2,
    "second backend": 8,
}
EXTENDED = {**BUSY, "events": [], "frontend": {"balancer": "extended", "variants": 2}}


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


def know_the_network(monkeypatch):
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


def fake_question(tables):
    """What a run of the fake engine is asked: the default profile, but for these tables."""
    layers = [profile_layer("default"), tables]
    return question_from(layers, name="fake", catalogue=catalogue, inventory=inventory)


class Ran:
    """One run in virtual time: what it came to, and what it left behind."""

    def __init__(  # noqa: PLR0913 - what is run, and how it is looked at
        self, path, tables, script, steps=None, *, traced=None, asked=None
    ):
        self.script = script
        self.steps = steps or Steps()
        self.directory = path if isinstance(path, RunDirectory) else RunDirectory.create(path)
        self.told, self.told_at = [], []
        self.tasks_left = None
        self.result, self.error = None, None
        question = fake_question(tables)
        question = asked(question) if asked else question
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
        self.told_at.append(self.steps.count)
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
        result = self.directory.read_result()
        if result is None or result.status != ("aborted" if self.error else "complete"):
            wrong.append(f"the result is {result and result.status}")
        return wrong


def script(**changed):
    """What happens in a run that goes well, but for what is said to be otherwise."""
    return Script(recorded=[served], **changed)

"""An engine of three hosts that are nowhere: their paths are not on this disk, their clocks differ.

It does at once what it is asked, writes down what it was asked and what is open, and fails where it
is told to: at the n-th thing that it is asked, or in the middle of anything, as when a daemon dies.
"""

from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager, contextmanager
from pathlib import PurePosixPath
from typing import NamedTuple

from onionrig.engine.base import GoneHost, LinkCuts, LinkRates, Reboots, Signal
from onionrig.errors import HostLost
from onionrig.experiment.frontend import daemons_of
from onionrig.processes.together import tasks
from onionrig.records.manifest import HostRecord, Versions
from onionrig.rig.allocation import AuthorityIdentity, Identities, OnionIdentity, RelayIdentity
from onionrig.rig.layout import Layout, Programs
from onionrig.rig.model import Host, Role
from support.fake_engine.tor import FakeControl, Followed, served_stream
from support.fake_engine.virtual_time import VirtualClock

CLOCKS_AHEAD_SECONDS = {"north": 3.5, "south": -2.0, "east": 0.25}
"""The hosts, and how far their clocks are ahead of this one's."""
VERSIONS = Versions(
    onionrig="0", tor="0.4.9.11", openssl="OpenSSL 3", onionbalance="0.2.4", python="3.11",
    kernel="6",
)  # fmt: skip


def identities_of(question):
    """Keys that nobody has made, on the hosts that will have them."""
    experiment = question.experiment
    keys = {"key": PurePosixPath("/nowhere/keys/key")}
    onions = [
        OnionIdentity(address=f"backend{number}".ljust(56, "a") + ".onion", key_paths=keys)
        for number in range(1, daemons_of(experiment) + 1)
    ]
    return Identities(
        authorities=tuple(
            AuthorityIdentity(v3_identity=f"V3-{n}", fingerprint=f"F-{n}", key_paths=keys)
            for n in range(experiment.network.authorities)
        ),
        relays=tuple(
            RelayIdentity(fingerprint=f"R-{n}", key_paths=keys)
            for n in range(experiment.network.relays)
        ),
        backends=tuple(onions),
        frontend=OnionIdentity(address="frontend".ljust(56, "a") + ".onion", key_paths=keys),
    )


class Asked(NamedTuple):
    """One thing that an engine was asked."""

    what: str
    about: str = ""


class FakeEngine:
    """Does at once what it is asked; ``opened`` is what has not been closed or ended yet."""

    def __init__(self, question, run_directory, script):
        self._question = question
        self._run_directory = run_directory
        self.script = script
        self._schedule = None
        self._numbers = itertools.count()
        self._died = asyncio.get_running_loop().create_future()
        self._tell_of = None
        self._gone = set()
        self._losings = {}
        self.rig = None
        self.opened = set()

    # what the hosts are

    @property
    def hosts(self):
        return tuple(
            Host(name=name, kind="remote", address=f"192.0.2.{number}")
            for number, name in enumerate(CLOCKS_AHEAD_SECONDS, start=1)
        )

    @property
    def host_records(self):
        return host_records()

    @property
    def lost_hosts(self):
        return frozenset(self._gone)

    @contextmanager
    def outliving_hosts(self, tell):
        assert self._tell_of is None
        self._tell_of = tell
        try:
            yield
        finally:
            self._tell_of = None

    @property
    def own_processes(self):
        return {"controller": "controller"}

    @property
    def lead_seconds(self):
        return 3

    def layout(self, host):
        return Layout(
            workspace=PurePosixPath(f"/nowhere/{host}/work"),
            records=PurePosixPath(f"/nowhere/{host}/records"),
            programs=Programs(tor="tor", onionbalance="onionbalance", python="python"),
        )

    def by_hand(self, host):
        return f"ssh {host} "

    # what is asked of it

    async def claim_ports(self, wanted, places):
        await self._asked("claim ports")
        assert set(places.values()) <= set(CLOCKS_AHEAD_SECONDS)
        return {each.key: 20_000 + number for number, each in enumerate(wanted)}

    async def make_keys(self, question, places):
        assert set(places.values()) <= set(CLOCKS_AHEAD_SECONDS)
        await self._asked("make keys")
        return identities_of(question)

    async def prepare(self, rig):
        await self._asked("prepare")
        self.rig = rig

    async def start(self, services):
        for service in services:
            await self._asked("start", service.name)
            if service.host in self._gone:
                continue
            missing = [name for name in service.depends if name not in self.opened]
            assert not missing, f"{service.name} is started without {missing}"
            assert service.name not in self.opened, f"{service.name} is started twice"
            self.opened.add(service.name)

    async def signal(self, service, signal):
        await self._asked(f"signal {Signal(signal)}", service.name)

    async def end(self, service, signal):
        await self._asked(f"end {Signal(signal)}", service.name)
        self.opened.discard(service.name)

    async def finished(self, service):
        await self._asked("finished", service.name)
        if service.host in self._gone:
            return
        assert service.name in self.opened
        if service.role is Role.SINK:
            seconds = self._schedule.end_second - self._schedule.ramp_second + 2
            await asyncio.wait([self._losing(service.host)], timeout=seconds)
        self.opened.discard(service.name)

    async def ready(self, services, *, seconds, tell, to_answer=False):
        assert seconds > 0
        for service in services:
            tell(f"{service.name} to be ready")
            await self._asked("ready to answer" if to_answer else "ready", service.name)
            if service.host in self._gone:
                continue
            assert service.name in self.opened, f"{service.name} was not started"

    @asynccontextmanager
    async def control(self, service):
        assert service.control_path is not None
        with self._open("control", service.name):
            await self._asked("control", service.name)
            starting = service.role is Role.AUTHORITY and self.script.is_slow("control")
            if starting or service.name not in self.opened:
                raise ConnectionRefusedError("nobody listens")
            yield FakeControl(self, service)

    async def connect(self, host, address, port):
        await self._asked("connect", host)
        places = {client.host for client in self.rig.with_role(Role.CLIENT)}
        assert (host in places, address, port > 0) == (True, "127.0.0.1", True)
        number = next(self._numbers)
        self.opened.add(f"connection {number}")
        backends = self.rig.with_role(Role.BACKEND)
        narrow = self.script.is_slow("second backend")
        return served_stream(
            backends[0 if narrow else number % len(backends)],
            closed=lambda: self.opened.discard(f"connection {number}"),
        )

    def log(self, service):
        return f"here/{service.name}.log"

    async def last_line(self, service):
        await self._asked("last line", service.name)
        return f"the last line of {service.name}"

    async def write_schedule(self, schedule):
        await self._asked("write schedule")
        self._schedule = schedule
        self._run_directory.write_schedule(schedule)

    def follow(self, service, kind):
        return Followed(self, service, kind)

    async def set_link(self, host, *, up):
        await self._asked("set link", f"{host} {'up' if up else 'down'}")

    async def set_link_rate(self, host, bits_per_second):
        await self._asked("set link rate", f"{host} {bits_per_second:g}")

    async def reboot(self, host):
        await self._asked("reboot", host)
        self.opened -= {service.name for service in self.rig.services if service.host == host}

    # how it fails, and what it is left with

    async def _asked(self, what, about=""):
        self.script.asked.append(Asked(what, about))
        number = len(self.script.asked)
        await asyncio.sleep(0)  # everything takes its time on another host
        if number == self.script.fails_at:
            raise self.script.failure

    @contextmanager
    def _open(self, what, about):
        name = f"{what} of {about}, {next(self._numbers)}"
        self.opened.add(name)
        try:
            yield
        finally:
            self.opened.discard(name)

    def end_and_collect(self):
        """End every service that still runs, as a real engine does; the rest was others' to close."""
        services = {service.name for service in self.rig.services} if self.rig else set()
        self.script.left_open = self.opened - services
        for write in self.script.recorded:
            write(self._run_directory, self.rig, self._schedule)

    def die(self, error):
        """Have something end that nobody had asked to."""
        if not self._died.done():
            self._died.set_result(error)

    def lose(self, name, reason="its connection closed"):
        """Have a host be lost, as a real engine notices it: told where hosts are outlived."""
        if self._tell_of is None:
            self.die(HostLost(f"{name}: {reason}"))
            return
        try:
            self._tell_of(
                GoneHost(
                    name=name,
                    reason=reason,
                    last_heard_wall_seconds=VirtualClock().wall_seconds(),
                )
            )
        except HostLost as error:
            self.die(error)
            return
        self._gone.add(name)
        self.opened -= {service.name for service in self.rig.services if service.host == name}
        for losing in self._losings.pop(name, ()):
            losing.set_result(None)

    def _losing(self, host):
        """Return a future that is done when a host is lost."""
        losing = asyncio.get_running_loop().create_future()
        self._losings.setdefault(host, []).append(losing)
        return losing

    async def watch(self):
        """Raise what died."""
        raise await self._died


class Script:
    """What is to go wrong in one run, and what happened in it."""

    def __init__(self, *, recorded=(), late=0, poor=0, lists=None, slow=()):
        """``late`` frontend descriptors are not there yet, ``poor`` ones lack an instance.

        The consensus lists so many relays and no more. Of what is ``slow`` so many questions are
        asked in vain: by name, as ``is_slow`` is asked for it.
        """
        self.recorded = recorded
        self.late = late
        self.poor = poor
        self.lists = lists
        self.slow = dict(slow)
        self.fails_at = None
        self.failure = None
        self.asked = []
        self.engines = []
        self.left_open = None

    def is_slow(self, what):
        """Whether what is asked is not there yet; so often, and not again."""
        self.slow[what] = self.slow.get(what, 0) - 1
        return self.slow[what] >= 0


class FakeOpening:
    """An engine that is entered as a real one is: in its block it raises what died."""

    def __init__(self, script):
        self.script = script
        self.versions = VERSIONS
        self.capabilities = frozenset({LinkCuts, LinkRates, Reboots})

    @property
    def host_records(self):
        return host_records()

    @asynccontextmanager
    async def entered(self, question, run_directory):
        engine = FakeEngine(question, run_directory, self.script)
        self.script.engines.append(engine)
        try:
            async with tasks() as group:
                watching = group.create_task(engine.watch())
                yield engine
                watching.cancel()
        finally:
            engine.end_and_collect()


def host_records():
    return tuple(
        HostRecord(
            name=name, kind="remote", cpu_model="CPU", cores=4, aes_instructions=True,
            memory_bytes=1 << 30, architecture="aarch64", operating_system="Debian",
            address=f"192.0.2.{number}", clock_offset_seconds=ahead,
        )
        for number, (name, ahead) in enumerate(CLOCKS_AHEAD_SECONDS.items(), start=1)
    )  # fmt: skip

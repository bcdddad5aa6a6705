"""What can be asked of the services of a fake engine: control ports, records, streams."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

from onionrig.movers.payload import DOUBLED_BLOCK, head_line
from onionrig.records.samples import TorSample
from onionrig.records.yardstick.readings import YardstickSample
from onionrig.rig.model import Role
from onionrig.rig.orders import recorded_at
from onionrig.rig.torrc import nickname
from onionrig.tor.consensus import CONSENSUS
from onionrig.tor.descriptors import Descriptor, IntroductionPoint

PUBLISHED_EVERY_SECONDS = 10.0


class FakeControl:
    """A tor's control port: every tor knows the network, and every descriptor is there."""

    def __init__(self, engine, service):
        self._engine = engine
        self._service = service
        self._fetched = 0

    async def info(self, key):
        await self._asked("info")
        if key == "status/bootstrap-phase":
            if self._engine.script.is_slow("bootstrap"):
                return None
            return "NOTICE BOOTSTRAP PROGRESS=100 TAG=done"
        if key != CONSENSUS or self._engine.script.is_slow("info"):
            return None
        relays = self._engine.rig.with_role(Role.AUTHORITY, Role.RELAY)
        lines = [f"r {nickname(relay.name)} more" for relay in relays[: self._engine.script.lists]]
        return "\n".join(["valid-after 2026-11-28 21:00:00", "params cc_alg=2", *lines])

    async def publishes(self, address):
        assert address in self._engine.rig.instances.values()
        await self._asked("publishes")
        return not self._engine.script.is_slow("publishes")

    async def fetch_descriptor(self, address, *, server=None):
        assert server is None or server.startswith("F")
        await self._asked("fetch descriptor")
        if address == self._engine.rig.address and self._engine.script.late > 0:
            self._engine.script.late -= 1
            return None
        return self._descriptor(address)

    async def cached_descriptor(self, address):
        await self._asked("cached descriptor")
        return None if self._engine.script.is_slow("cached") else self._descriptor(address)

    @asynccontextmanager
    async def uploads(self, address):
        assert address == self._engine.rig.address
        queue = asyncio.Queue()

        async def publish():
            while True:
                await asyncio.sleep(PUBLISHED_EVERY_SECONDS)
                queue.put_nowait("an HSDir")

        await self._asked("uploads")
        with self._engine._open("uploads", self._service.name):
            publishing = asyncio.create_task(publish())
            try:
                yield queue
            finally:
                publishing.cancel()
                await asyncio.wait([publishing])

    async def _asked(self, what):
        await self._engine._asked(what, self._service.name)
        if self._service.name not in self._engine.opened:
            raise ConnectionResetError(f"{self._service.name} is gone")

    def _descriptor(self, address):
        instances = self._engine.rig.instances
        front = address == self._engine.rig.address
        named = [name for name, own in instances.items() if front or own == address]
        if front and self._engine.script.poor > 0:
            self._engine.script.poor -= 1
            del named[-1]
        points = [
            IntroductionPoint(key=f"{name}/{number}", relay=f"{name}/{number}")
            for name in named
            for number in range(3)
        ]
        return Descriptor(revision=1, points=tuple(points))


class Followed:
    """What a service has recorded: at each look, one record more."""

    def __init__(self, engine, service, kind):
        self._engine = engine
        self._service = service
        self._kind = kind
        recorded_at(service.name, service.orders, kind)

    async def new(self):
        await self._engine._asked("follow", self._service.name)
        if self._service.host in self._engine.lost_hosts:
            return []
        if self._engine.script.is_slow(f"follow {self._kind.__name__}"):
            return []
        if self._kind is TorSample:
            return [SimpleNamespace(second=self._engine._schedule.end_second)]
        if self._kind is YardstickSample:
            return [SimpleNamespace(moment="hold")]
        return [SimpleNamespace(failed=False, reason="")]


class FakeWriter:
    """The client's end of a stream: what is written is answered as a SOCKS port and a source do."""

    def __init__(self, reader, answers, closed):
        self._reader = reader
        self._answers = iter(answers)
        self._closed = closed
        self.transport = self

    def write(self, data):
        assert data
        self._reader.feed_data(next(self._answers))

    async def drain(self):
        await asyncio.sleep(0)

    def abort(self):
        self._closed()

    close = abort

    async def wait_closed(self):
        await asyncio.sleep(0)


def served_stream(backend, *, closed):
    """A stream through a client tor to a backend instance that serves."""
    reader = asyncio.StreamReader()
    reply = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
    payload = head_line(backend.host, backend.name) + DOUBLED_BLOCK[: 128 << 10]
    return reader, FakeWriter(reader, (b"\x05\x02", b"\x01\x00", reply + payload), closed)

"""A SOCKS port on loopback that stands in for a client tor and can misbehave in every known way.

What a dial gets is chosen by a function of the dial's number (from 0) and its user name. It runs
an event loop in a thread of its own, so that tests may wait for child processes meanwhile.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from support.waiting import HANG_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PIECE_BYTES = 8192
"""tor hands out this much at a time."""


@dataclass(frozen=True)
class Serve:
    """Connect to a source; then, after so many bytes to the client, do the rest."""

    source: Path
    limit_bytes: int | None = None
    then: str = "close"  # or "reset", "fall silent"
    wrong_at: int | None = None
    reply_with_payload: bool = False
    pace_seconds: float = 0.005
    """Between two pieces; without it one core moves some Gbit/s and the other tests starve."""


@dataclass(frozen=True)
class Echo:
    """Carry what the client sends to an echo and back; after so many answers do the rest."""

    echo: Path
    delay_seconds: float = 0.0
    answers: int | None = None
    then: str = "close"  # or "reset", "fall silent"


@dataclass(frozen=True)
class Refuse:
    """Answer the request with this code, as tor does."""

    code: int


@dataclass(frozen=True)
class Say:
    """Accept the request and send these bytes as payload, then keep the stream open."""

    payload: bytes


@dataclass(frozen=True)
class Ignore:
    """Never answer the request."""


Behaviour = Serve | Echo | Refuse | Say | Ignore


@dataclass
class Dial:
    """What one connection asked for, and what it was sent; times are the monotonic clock's.

    That clock is the same in every process, and samples have it.
    """

    username: str
    password: str
    address: str
    port: int
    sent_bytes: int = 0
    requested_at: float = field(default_factory=time.monotonic)
    asked_at: list[float] = field(default_factory=list)
    """When something came from it to be echoed, hence after it was sent."""
    answered_at: list[float] = field(default_factory=list)
    """When that was about to be sent back, hence before it came."""


@dataclass
class FakeSocks:
    """The server; ``with`` starts it, ``dials`` is what it has seen."""

    behaviour: Callable[[int, str], Behaviour]
    dials: list[Dial] = field(default_factory=list)
    port: int = 0

    def __enter__(self):
        ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._main(ready),))
        self._thread.start()
        assert ready.wait(HANG_SECONDS)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(HANG_SECONDS)
        assert not self._thread.is_alive()

    async def _main(self, ready):
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._tasks = set()
        listener = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        self.port = listener.getsockname()[1]
        server = await asyncio.start_server(self._accept, sock=listener)
        ready.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _serve(self, reader, writer):
        dial = await read_request(reader, writer)
        behaviour = self.behaviour(len(self.dials), dial.username)
        self.dials.append(dial)
        match behaviour:
            case Refuse(code):
                writer.write(reply(code))
                await writer.drain()
                writer.close()
                await writer.wait_closed()
            case Ignore():
                await reader.read()
            case Say(payload):
                writer.write(reply(0) + payload)
                await reader.read()
            case Serve():
                await self._relay(behaviour, dial, reader, writer)
            case Echo():
                await self._echo(behaviour, dial, reader, writer)

    async def _relay(self, serve, dial, reader, writer):
        source, to_source = await asyncio.open_unix_connection(serve.source)
        try:
            if serve.reply_with_payload:
                writer.write(reply(0) + await source.readexactly(100))
                dial.sent_bytes += 100
            else:
                writer.write(reply(0))
            while serve.limit_bytes is None or dial.sent_bytes < serve.limit_bytes:
                piece = bytearray(await source.read(wanted(serve, dial)))
                if not piece:
                    break
                spoil(serve, dial, piece)
                dial.sent_bytes += len(piece)
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(serve.pace_seconds)
        finally:
            to_source.transport.abort()
        await end(serve, reader, writer)

    async def _echo(self, behaviour, dial, reader, writer):
        from_echo, to_echo = await asyncio.open_unix_connection(behaviour.echo)
        try:
            writer.write(reply(0))
            while behaviour.answers is None or len(dial.asked_at) < behaviour.answers:
                piece = await reader.read(PIECE_BYTES)
                if not piece:
                    return
                dial.asked_at.append(time.monotonic())
                to_echo.write(piece)
                answer = await from_echo.readexactly(len(piece))
                await asyncio.sleep(behaviour.delay_seconds)
                dial.answered_at.append(time.monotonic())
                writer.write(answer)
                await writer.drain()
        finally:
            to_echo.transport.abort()
        await end(behaviour, reader, writer)


async def read_request(reader, writer):
    assert await reader.readexactly(3) == b"\x05\x01\x02"
    writer.write(b"\x05\x02")
    assert await reader.readexactly(1) == b"\x01"
    username, password = await read_field(reader), await read_field(reader)
    writer.write(b"\x01\x00")
    assert await reader.readexactly(4) == b"\x05\x01\x00\x03"
    address = await read_field(reader)
    port = int.from_bytes(await reader.readexactly(2), "big")
    return Dial(username, password, address, port)


async def read_field(reader):
    (size,) = await reader.readexactly(1)
    return (await reader.readexactly(size)).decode()


def reply(code):
    return bytes([5, code, 0, 1]) + bytes(6)


def wanted(serve, dial):
    if serve.limit_bytes is None:
        return PIECE_BYTES
    return min(PIECE_BYTES, serve.limit_bytes - dial.sent_bytes)


def spoil(serve, dial, piece):
    """Change the byte at ``wrong_at`` of what the client is sent, if it lies in this piece."""
    if serve.wrong_at is not None and 0 <= serve.wrong_at - dial.sent_bytes < len(piece):
        piece[serve.wrong_at - dial.sent_bytes] ^= 1


async def end(behaviour, reader, writer):
    if behaviour.then == "fall silent":
        await reader.read()
    elif behaviour.then == "reset":
        # a socket closed with no time to linger resets its connection
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()
    else:
        writer.close()
        await writer.wait_closed()

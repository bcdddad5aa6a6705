"""Open a stream through a SOCKS port, or straight to a peer, and carry bytes over it.

``StreamProtocol`` knows what to send and what received bytes mean, and does no I/O.
``StreamSocket`` drives it on a non-blocking socket, for an owner that waits for many with epoll,
and ``AsyncStream`` on asyncio's reader and writer.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Any, assert_never

import msgspec

from onionrig.errors import Unequipped, UsageError
from onionrig.tor.socks import GREETING, Connected, Continue, Refused

if TYPE_CHECKING:
    import asyncio

    from onionrig.tor.socks import Handshake

_READ_BYTES = 64 << 10


class SocksRefused(ConnectionRefusedError):
    """The SOCKS port refuses to open the stream."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"SOCKS refused: {reason}")
        self.reason = reason


class StreamProtocol:
    """One stream as bytes in, bytes out: its handshake, if it has one, and then payload."""

    __slots__ = ("_handshake", "is_open", "outgoing")

    def __init__(self, handshake: Handshake | None) -> None:
        self._handshake = handshake
        """None if there is no SOCKS port in between, and once the handshake is over."""
        self.is_open = handshake is None
        """Whether received bytes are payload: the other end is connected."""
        self.outgoing = b"" if handshake is None else GREETING
        """Bytes to be sent next."""

    def send(self, payload: bytes) -> None:
        """Add payload to the bytes to be sent."""
        self.outgoing += payload

    def sent(self, size_bytes: int) -> None:
        """Drop the first bytes of ``outgoing``, which have been sent."""
        self.outgoing = self.outgoing[size_bytes:]

    def received(self, piece: bytes | memoryview) -> bytes | memoryview:
        """Take the bytes of one read; return the payload among them. Raises SocksRefused."""
        if self._handshake is None:
            return piece
        match self._handshake.feed(piece):
            case Continue(to_send):
                self.outgoing += to_send
                return b""
            case Refused(reason):
                raise SocksRefused(reason)
            case Connected(leftover):
                self._handshake, self.is_open = None, True
                return leftover
            case step:
                assert_never(step)


class SocketAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A numeric address as the socket calls take it."""

    family: int
    address: tuple[Any, ...]


def resolved(host: str, port: int) -> tuple[SocketAddress, ...]:
    """Return the IPv4 and IPv6 addresses of a host name. Raises UsageError if it has none."""
    try:
        address_infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{host} cannot be resolved: {error}; check the name") from error
    return tuple(
        SocketAddress(family=int(family), address=address) for family, *_, address in address_infos
    )


class StreamSocket:
    """A stream on a non-blocking socket; its owner waits until the socket is ready."""

    __slots__ = ("_protocol", "connecting", "socket")

    def __init__(self, family: int, handshake: Handshake | None) -> None:
        """Make the socket. Raises Unequipped when no more files may be open."""
        try:
            self.socket = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError as error:
            raise Unequipped(
                f"no socket for another stream: {error.strerror}; raise `ulimit -Hn` or ask for "
                "fewer"
            ) from error
        self.connecting = True
        """True until somebody has accepted the connection."""
        self._protocol = StreamProtocol(handshake)

    @property
    def is_open(self) -> bool:
        """Whether the other end is connected."""
        return not self.connecting and self._protocol.is_open

    @property
    def must_write(self) -> bool:
        """Whether the socket has to become writable, rather than readable, to go on."""
        return self.connecting or bool(self._protocol.outgoing)

    def connect(self, to: SocketAddress) -> None:
        """Begin to connect. Raises OSError if that fails at once."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _raise(self.socket.connect_ex(to.address), but=errno.EINPROGRESS)

    def write(self) -> None:
        """Continue connecting, and send what the socket takes. Raises OSError."""
        if self.connecting:
            _raise(self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            self.connecting = False
        if self._protocol.outgoing:
            try:
                self._protocol.sent(self.socket.send(self._protocol.outgoing))
            except BlockingIOError:
                return

    def send(self, payload: bytes) -> None:
        """Send payload, as far as the socket takes it; ``write`` sends the rest."""
        self._protocol.send(payload)
        self.write()

    def read(self, buffer: memoryview, flags: int = 0) -> bytes | memoryview:
        """Read once and return the payload; it is empty if nothing waits.

        Raises EOFError when the other side has closed the connection, SocksRefused, OSError.
        """
        try:
            size = self.socket.recv_into(buffer, 0, flags)
        except BlockingIOError:
            return b""
        if size == 0:
            raise EOFError
        piece = buffer[:size]
        return piece if self._protocol.is_open else self._protocol.received(piece)

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


class AsyncStream:
    """A stream on asyncio's reader and writer."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handshake: Handshake
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._protocol = StreamProtocol(handshake)
        self._early: bytes | memoryview = b""
        """Payload that came together with the SOCKS reply."""

    async def open(self) -> None:
        """Complete the handshake.

        Raises SocksRefused, EOFError when the other side has closed, OSError.
        """
        await self._flush()
        while not self._protocol.is_open:
            self._early = self._protocol.received(await self._received())
            await self._flush()

    async def send(self, payload: bytes) -> None:
        """Send payload. Raises OSError."""
        self._protocol.send(payload)
        await self._flush()

    async def read(self) -> bytes:
        """Return payload as it comes. Raises EOFError when the other side has closed, OSError."""
        early, self._early = self._early, b""
        return bytes(early) or await self._received()

    def close(self) -> None:
        """Hang up, discarding whatever has not been sent."""
        self._writer.transport.abort()

    async def _flush(self) -> None:
        outgoing = self._protocol.outgoing
        if outgoing:
            self._protocol.sent(len(outgoing))
            self._writer.write(outgoing)
            await self._writer.drain()

    async def _received(self) -> bytes:
        piece = await self._reader.read(_READ_BYTES)
        if not piece:
            raise EOFError
        return piece


def _raise(code: int, *, but: int = 0) -> None:
    if code not in (0, but):
        raise OSError(code, os.strerror(code))

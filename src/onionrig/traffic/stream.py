"""A stream's socket: dialling a client tor, and carrying bytes between it and an attempt."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING

from onionrig.errors import Unequipped
from onionrig.records.transfers import Ending
from onionrig.tor.socks import Credentials, Handshake
from onionrig.traffic.attempt import Attempt, Phase

if TYPE_CHECKING:
    from onionrig.rig.orders import SinkOrders

LOW_WATER_BYTES = 1 << 20
"""A delivering socket counts as readable from here on (SO_RCVLOWAT).

tor writes 8 KiB at a time: woken for each, a sink spends several times the CPU. The kernel widens
the receive buffer to fit, and one read a second empties it, so that 1,000 streams hold no more
than a second of the load.
"""


class Stream:
    """One stream of a sink; it keeps its number and its client however often it dials."""

    __slots__ = (
        "_credentials_prefix",
        "_dials",
        "_orders",
        "attempt",
        "failures",
        "number",
        "socket",
    )

    attempt: Attempt
    socket: socket.socket

    def __init__(self, number: int, orders: SinkOrders, *, credentials_prefix: str) -> None:
        self.number = number
        self.failures = 0
        """Failed attempts in a row, the last that delivered among them."""
        self._orders = orders
        self._credentials_prefix = credentials_prefix
        self._dials = 0

    @property
    def must_write(self) -> bool:
        """Whether the socket has to be writable to go on, rather than readable."""
        return self.attempt.phase is Phase.CLIENT or bool(self.attempt.outgoing)

    def dial(self, at: float) -> None:
        """Begin a new attempt; it may end at once if the client tor is not there."""
        self._dials += 1
        client = self._orders.clients[self.number % len(self._orders.clients)]
        credentials = Credentials(
            username=f"{self._credentials_prefix}-{self.number}", password=str(self._dials)
        )
        self.attempt = Attempt(
            stream=self.number,
            number=self._dials,
            client=client.name,
            handshake=Handshake(self._orders.address, self._orders.port, credentials),
            at=at,
        )
        self.socket = _new_socket(client.host)
        code = self.socket.connect_ex((client.host, client.port))
        if code not in (0, errno.EINPROGRESS):
            self.attempt.end(Ending.CLIENT_UNREACHABLE, at, os.strerror(code))

    def write(self, at: float) -> None:
        """Go on with connecting, or send what the handshake has to say."""
        if self.attempt.phase is Phase.CLIENT:
            code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code != 0:
                self.attempt.end(Ending.CLIENT_UNREACHABLE, at, os.strerror(code))
                return
            self.attempt.accepted()
        try:
            self.attempt.sent(self.socket.send(self.attempt.outgoing))
        except BlockingIOError:
            return
        except OSError as error:
            self.attempt.end(Ending.RESET, at, str(error.strerror))

    def read(self, buffer: memoryview, at: float) -> int:
        """Read once and return the number of bytes, 0 when nothing waits or all is over."""
        try:
            size = self.socket.recv_into(buffer)
        except BlockingIOError:
            return 0
        except OSError as error:
            self.attempt.end(Ending.RESET, at, str(error.strerror))
            return 0
        if size == 0:
            self.attempt.closed(at)
            return 0
        had_started = self.attempt.started
        self.attempt.received(buffer[:size], at)
        if self.attempt.started and not had_started:
            self._raise_low_water()
        return size

    def hang_up(self) -> None:
        """Close the socket and count the attempt."""
        self.socket.close()
        self.failures = 1 if self.attempt.started else self.failures + 1

    def _raise_low_water(self) -> None:
        # not before: it would delay the first bytes
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, LOW_WATER_BYTES)


def _new_socket(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        new = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    except OSError as error:
        raise Unequipped(
            f"no socket for another stream: {error.strerror}; raise `ulimit -Hn` or ask for fewer"
        ) from error
    new.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return new

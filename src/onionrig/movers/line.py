"""One line to the echo port: a stream through one client tor, on a circuit of its own.

Whatever ends it is an OSError, raised by the step that met it; then it can be dialled again.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from typing import TYPE_CHECKING, assert_never

from onionrig.movers.exchange import Exchange
from onionrig.movers.route import new_socket, through
from onionrig.tor.socks import GREETING, Connected, Continue, Credentials, Handshake, Refused

if TYPE_CHECKING:
    from onionrig.rig.orders import PingerOrders, SocksEndpoint

DIAL_SECONDS = 60.0
"""How long a dial may take until the SOCKS reply."""
ANSWER_SECONDS = 10.0
"""How long an answer is waited for: under load a circuit's queues hold seconds."""

_READ_BYTES = 4 << 10


class Line:
    """One line; it keeps its client however often it is dialled."""

    socket: socket.socket

    def __init__(
        self,
        number: int,
        client: SocksEndpoint,
        orders: PingerOrders,
        *,
        credentials_prefix: str,
        dial_at: float,
    ) -> None:
        self.number = number
        self.client = client.name
        self.dial_at: float | None = dial_at
        """When to dial it; None while it is up."""
        self.failures = 0
        """Since the last answer."""
        self._addresses = through(client).addresses
        self._orders = orders
        self._username = f"{credentials_prefix}-{number}"
        self._dials = 0

    @property
    def wanted(self) -> int:
        """What the socket has to be ready for, as epoll has it."""
        return select.EPOLLOUT if self._connecting or self._outgoing else select.EPOLLIN

    def dial(self, at: float) -> None:
        """Begin anew, with credentials that no stream had."""
        self._dials += 1
        self._dialled_at = at
        self._connecting = True
        self._outgoing = b""
        self._exchange = Exchange()
        self._handshake: Handshake | None = Handshake(
            self._orders.address,
            self._orders.port,
            Credentials(username=self._username, password=str(self._dials)),
        )
        to = self._addresses[self._dials % len(self._addresses)]
        self.socket = new_socket(to.family)
        self.dial_at = None
        code = self.socket.connect_ex(to.address)
        if code != errno.EINPROGRESS:
            _refuse(code)

    def go_on(self, at: float) -> float | None:
        """Do what the socket is ready for; return a round trip once its answer is whole."""
        try:
            if self.wanted == select.EPOLLIN:
                return self._take(self.socket.recv(_READ_BYTES), at)
            self._write()
        except BlockingIOError:
            pass
        return None

    def ask(self, at: float) -> None:
        """Put a question, unless there is nobody yet to ask, or one is still unanswered."""
        if self._handshake is None and self._exchange.asked_at is None:
            self._outgoing = self._exchange.ask(at)
            self.go_on(at)

    def give_up_silent(self, at: float) -> None:
        """Raise TimeoutError if it has been silent for too long."""
        if self._handshake is not None and at - self._dialled_at >= DIAL_SECONDS:
            raise TimeoutError(f"no connection within {DIAL_SECONDS:.0f} s")
        asked_at = self._exchange.asked_at
        if asked_at is not None and at - asked_at >= ANSWER_SECONDS:
            raise TimeoutError(f"no answer within {ANSWER_SECONDS:.0f} s")

    def _write(self) -> None:
        if self._connecting:
            _refuse(self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            self._connecting = False
            self._outgoing = GREETING
        self._outgoing = self._outgoing[self.socket.send(self._outgoing) :]

    def _take(self, piece: bytes, at: float) -> float | None:
        if not piece:
            raise ConnectionResetError("closed by the other side")
        if self._handshake is None:
            return self._exchange.answered(piece, at)
        match self._handshake.feed(piece):
            case Continue(to_send):
                self._outgoing += to_send
            case Refused(reason):
                raise ConnectionRefusedError(f"SOCKS refused: {reason}")
            case Connected(leftover):
                self._handshake = None
                if leftover:
                    return self._exchange.answered(leftover, at)
            case step:
                assert_never(step)
        return None


def _refuse(code: int) -> None:
    if code != 0:
        raise OSError(code, os.strerror(code))

"""One line to the echo port: a stream through one client tor, and the questions on it.

Whatever ends it is raised as an OSError by the step that met it; the line can then be dialled
again.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

from onionrig.tor.socks import Credentials, Handshake
from onionrig.tor.stream import StreamSocket, resolved

if TYPE_CHECKING:
    import socket

    from onionrig.rig.orders import PingerOrders, SocksEndpoint

DIAL_SECONDS = 60.0
"""Deadline of a dial, from its start to the SOCKS reply."""
ANSWER_SECONDS = 10.0
"""Deadline of an answer: under load a circuit's queues hold seconds."""
QUESTION_BYTES = 8

_READ_BYTES = 4 << 10


class PingLine:
    """One line; it keeps its client however often it is dialled."""

    _link: StreamSocket

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
        """The time to dial it; None while it is up."""
        self.failures = 0
        """Number of times in a row that it has ended since the last answer."""
        self._addresses = resolved(client.host, client.port)
        self._orders = orders
        self._username = f"{credentials_prefix}-{number}"
        self._dials = 0
        self._buffer = memoryview(bytearray(_READ_BYTES))

    @property
    def socket(self) -> socket.socket:
        """The socket to wait for."""
        return self._link.socket

    @property
    def wanted(self) -> int:
        """The epoll event that the socket has to be ready for."""
        return select.EPOLLOUT if self._link.must_write else select.EPOLLIN

    def dial(self, at: float) -> None:
        """Dial, with credentials that no stream has used."""
        self._dials += 1
        self._dialled_at = at
        self._exchange = Exchange()
        to = self._addresses[self._dials % len(self._addresses)]
        credentials = Credentials(username=self._username, password=str(self._dials))
        self._link = StreamSocket(
            to.family, Handshake(self._orders.address, self._orders.port, credentials)
        )
        self.dial_at = None
        self._link.connect(to)

    def go_on(self, at: float) -> float | None:
        """Do what the socket is ready for; return the round trip once the answer is complete."""
        if self._link.must_write:
            self._link.write()
            return None
        try:
            payload = self._link.read(self._buffer)
        except EOFError:
            raise ConnectionResetError("closed by the other side") from None
        return self._exchange.answered(bytes(payload), at) if payload else None

    def ask(self, at: float) -> None:
        """Ask a question, unless the stream is not open yet or a question is still unanswered."""
        if self._link.is_open and self._exchange.asked_at is None:
            self._link.send(self._exchange.ask(at))

    def give_up_silent(self, at: float) -> None:
        """Raise TimeoutError if it has been silent for too long."""
        if not self._link.is_open and at - self._dialled_at >= DIAL_SECONDS:
            raise TimeoutError(f"no connection within {DIAL_SECONDS:.0f} s")
        asked_at = self._exchange.asked_at
        if asked_at is not None and at - asked_at >= ANSWER_SECONDS:
            raise TimeoutError(f"no answer within {ANSWER_SECONDS:.0f} s")

    def hang_up(self) -> None:
        """Close the socket."""
        self._link.close()


class Exchange:
    """The questions of one stream, numbered from 1: a question is its number, 8 bytes."""

    __slots__ = ("_answer", "_number", "asked_at")

    def __init__(self) -> None:
        self._number = 0
        self._answer = b""
        self.asked_at: float | None = None
        """The time at which the unanswered question was asked."""

    def ask(self, at: float) -> bytes:
        """Return the next question, to be sent now; the previous one has to be answered."""
        if self.asked_at is not None:
            raise AssertionError(f"question {self._number} is not yet answered")
        self._number += 1
        self._answer = b""
        self.asked_at = at
        return self._question

    def answered(self, piece: bytes, at: float) -> float | None:
        """Take the bytes of one read; return the round trip once the answer is complete.

        Raises ConnectionError for bytes that are not an answer: the other end is not an echo.
        """
        self._answer += piece
        if self.asked_at is None or not self._question.startswith(self._answer):
            raise ConnectionAbortedError("what came back is not what was sent")
        if len(self._answer) < QUESTION_BYTES:
            return None
        round_trip_seconds = at - self.asked_at
        self.asked_at = None
        return round_trip_seconds

    @property
    def _question(self) -> bytes:
        return self._number.to_bytes(QUESTION_BYTES, "big")

"""A stream's socket: dialling, and carrying bytes between it and an attempt."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING

from onionrig.movers.attempt import Attempt, Phase
from onionrig.movers.route import new_socket
from onionrig.records.transfers import Ending
from onionrig.tor.socks import Credentials, Handshake

if TYPE_CHECKING:
    from onionrig.movers.route import Route
    from onionrig.rig.orders import SinkOrders

LOW_WATER_BYTES = 1 << 20
"""A delivering socket counts as readable from here on (SO_RCVLOWAT).

tor writes 8 KiB at a time: woken for each, a sink spends several times the CPU. The kernel widens
the receive buffer to fit, and one read a second empties it, so that 1,000 streams hold no more
than a second of the load.
"""


class Stream:
    """One stream of a sink; it keeps its number and its route however often it dials."""

    __slots__ = (
        "_address",
        "_credentials_prefix",
        "_dialled_at",
        "_dials",
        "_orders",
        "_route",
        "_untried",
        "attempt",
        "failures",
        "number",
        "socket",
    )

    attempt: Attempt
    socket: socket.socket

    def __init__(
        self, number: int, orders: SinkOrders, route: Route, *, credentials_prefix: str
    ) -> None:
        self.number = number
        self.failures = 0
        """Failed attempts in a row, the last that delivered among them."""
        self._orders = orders
        self._route = route
        self._credentials_prefix = credentials_prefix
        self._dials = 0
        self._dialled_at = 0.0
        self._address = 0
        """Which of the route's addresses it connects to: the one that accepted last."""
        self._untried = 0

    @property
    def must_write(self) -> bool:
        """Whether the socket has to be writable to go on, rather than readable."""
        return self.attempt.phase is Phase.CLIENT or bool(self.attempt.outgoing)

    @property
    def has_another_address(self) -> bool:
        """Whether its attempt has failed at one address, and there is one not yet tried."""
        return self.attempt.ending is self._route.unreachable and self._untried > 0

    def dial(self, at: float) -> None:
        """Begin a new attempt; it may end at once if nobody is there."""
        self._dials += 1
        self._dialled_at = at
        self._untried = len(self._route.addresses)
        self._connect(at)

    def dial_next_address(self, at: float) -> None:
        """Go on with the attempt at the route's next address."""
        self.socket.close()
        self._address += 1
        self._connect(at)

    def write(self, at: float) -> None:
        """Go on with connecting, or send what the handshake has to say."""
        if self.attempt.phase is Phase.CLIENT:
            code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code != 0:
                self.attempt.end(self._route.unreachable, at, os.strerror(code))
                return
            self.attempt.accepted(at)
        try:
            self.attempt.sent(self.socket.send(self.attempt.outgoing))
        except BlockingIOError:
            return
        except OSError as error:
            self.attempt.end(Ending.RESET, at, str(error.strerror))

    def read(self, buffer: memoryview, at: float) -> int:
        """Read once and return the number of bytes, 0 when nothing waits or all is over."""
        # nobody looks at what a foreign peer sends: the kernel may drop it (tcp(7), MSG_TRUNC)
        flags = socket.MSG_TRUNC if self.attempt.foreign else 0
        try:
            size = self.socket.recv_into(buffer, 0, flags)
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
        if self.attempt.phase is Phase.CLIENT:
            self._address += 1

    def _connect(self, at: float) -> None:
        addresses = self._route.addresses
        to = addresses[self._address % len(addresses)]
        self._untried -= 1
        self.attempt = Attempt(
            stream=self.number,
            number=self._dials,
            client=self._route.client,
            handshake=self._handshake(),
            takes_foreign=self._orders.takes_foreign,
            at=self._dialled_at,
        )
        self.socket = new_socket(to.family)
        code = self.socket.connect_ex(to.address)
        if code not in (0, errno.EINPROGRESS):
            self.attempt.end(self._route.unreachable, at, os.strerror(code))

    def _handshake(self) -> Handshake | None:
        if not self._orders.clients:
            return None
        credentials = Credentials(
            username=f"{self._credentials_prefix}-{self.number}", password=str(self._dials)
        )
        return Handshake(self._orders.address, self._orders.port, credentials)

    def _raise_low_water(self) -> None:
        # not before: it would delay the first bytes
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, LOW_WATER_BYTES)

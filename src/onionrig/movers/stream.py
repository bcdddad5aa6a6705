"""One stream of a sink: where it dials, and how its socket feeds its attempt."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import msgspec

from onionrig.movers.attempt import Attempt, AttemptPhase
from onionrig.records.streams.transfers import Ending
from onionrig.tor.socks import Credentials, Handshake
from onionrig.tor.stream import SocketAddress, SocksRefused, StreamSocket, resolved

if TYPE_CHECKING:
    from onionrig.rig.orders import SinkOrders

LOW_WATER_BYTES = 1 << 20
"""Bytes from which on a delivering socket counts as readable (SO_RCVLOWAT).

tor writes 8 KiB at a time: woken for each, a sink spends several times the CPU. The kernel widens
the receive buffer to fit, and one read per second empties it, so that 1,000 streams hold no more
than a second of the load.
"""
DIRECT = "direct"
"""Client name of a stream that has no client tor."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """The first hop of a stream: a client tor's SOCKS port, or the source itself."""

    client: str
    addresses: tuple[SocketAddress, ...]
    """Addresses tried in turn: if one refuses, the next is tried."""
    unreachable: Ending
    """Ending of an attempt that finds nobody there."""


class Stream:
    """One stream of a sink; it keeps its number and its route however often it dials."""

    __slots__ = (
        "_address",
        "_credentials_prefix",
        "_dialled_at",
        "_dials",
        "_link",
        "_orders",
        "_route",
        "_untried",
        "attempt",
        "failures",
        "number",
    )

    attempt: Attempt
    _link: StreamSocket

    def __init__(
        self, number: int, orders: SinkOrders, route: Route, *, credentials_prefix: str
    ) -> None:
        self.number = number
        self.failures = 0
        """Failed attempts in a row, including the last one that delivered."""
        self._orders = orders
        self._route = route
        self._credentials_prefix = credentials_prefix
        self._dials = 0
        self._dialled_at = 0.0
        self._address = 0
        """Index of the route's address that it connects to: the one that accepted last."""
        self._untried = 0

    @property
    def socket(self) -> socket.socket:
        """The socket to wait for."""
        return self._link.socket

    @property
    def must_write(self) -> bool:
        """Whether the socket has to become writable, rather than readable, to go on."""
        return self._link.must_write

    @property
    def has_another_address(self) -> bool:
        """Whether its attempt has failed at one address, and another is still untried."""
        return self.attempt.ending is self._route.unreachable and self._untried > 0

    def dial(self, at: float) -> None:
        """Begin a new attempt; it may end at once if nobody is there."""
        self._dials += 1
        self._dialled_at = at
        self._untried = len(self._route.addresses)
        self._connect(at)

    def dial_next_address(self, at: float) -> None:
        """Continue the attempt at the route's next address."""
        self._link.close()
        self._address += 1
        self._connect(at)

    def write(self, at: float) -> None:
        """Continue connecting, or send what the handshake has to send."""
        try:
            self._link.write()
        except OSError as error:
            self._fail(error, at)
            return
        if self.attempt.phase is AttemptPhase.CLIENT:
            self.attempt.accepted()
            self._note_open(at)

    def read(self, buffer: memoryview, at: float) -> int:
        """Read once and return the number of payload bytes; 0 if none wait or all is over."""
        # nobody looks at what a foreign peer sends: the kernel may drop it (tcp(7), MSG_TRUNC)
        flags = socket.MSG_TRUNC if self.attempt.foreign else 0
        try:
            payload = self._link.read(buffer, flags)
        except EOFError:
            self.attempt.closed(at)
            return 0
        except SocksRefused as error:
            self.attempt.end(Ending.SOCKS_REFUSED, at, error.reason)
            return 0
        except OSError as error:
            self._fail(error, at)
            return 0
        if self.attempt.phase is AttemptPhase.REPLY:
            self._note_open(at)
        if payload:
            had_started = self.attempt.started
            self.attempt.received(payload, at)
            if not had_started and self.attempt.started:
                self._raise_low_water()
        return len(payload)

    def hang_up(self) -> None:
        """Close the socket and count the attempt."""
        self._link.close()
        self.failures = 1 if self.attempt.started else self.failures + 1
        if self._link.connecting:
            self._address += 1

    def _connect(self, at: float) -> None:
        addresses = self._route.addresses
        to = addresses[self._address % len(addresses)]
        self._untried -= 1
        self.attempt = Attempt(
            stream=self.number,
            number=self._dials,
            client=self._route.client,
            takes_foreign=self._orders.takes_foreign,
            at=self._dialled_at,
        )
        self._link = StreamSocket(to.family, self._handshake())
        try:
            self._link.connect(to)
        except OSError as error:
            self._fail(error, at)

    def _handshake(self) -> Handshake | None:
        if not self._orders.clients:
            return None
        credentials = Credentials(
            username=f"{self._credentials_prefix}-{self.number}", password=str(self._dials)
        )
        return Handshake(self._orders.address, self._orders.port, credentials)

    def _note_open(self, at: float) -> None:
        if self._link.is_open:
            self.attempt.connected(at)

    def _fail(self, error: OSError, at: float) -> None:
        ending = self._route.unreachable if self._link.connecting else Ending.RESET
        self.attempt.end(ending, at, str(error.strerror))

    def _raise_low_water(self) -> None:
        # not before: it would delay the first bytes
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, LOW_WATER_BYTES)


def routes(orders: SinkOrders) -> tuple[Route, ...]:
    """Return the routes that a sink's streams take in turn.

    Raises UsageError for a name without an address.
    """
    if orders.clients:
        return tuple(
            Route(
                client=client.name,
                addresses=resolved(client.host, client.port),
                unreachable=Ending.CLIENT_UNREACHABLE,
            )
            for client in orders.clients
        )
    direct = resolved(orders.address, orders.port)
    return (Route(client=DIRECT, addresses=direct, unreachable=Ending.PEER_UNREACHABLE),)

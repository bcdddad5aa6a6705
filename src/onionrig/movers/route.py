"""Where a stream connects: to a client tor's SOCKS port, or to the source itself."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import msgspec

from onionrig.errors import Unequipped, UsageError
from onionrig.records.transfers import Ending

if TYPE_CHECKING:
    from onionrig.rig.orders import SinkOrders, SocksEndpoint

DIRECT = "direct"
"""What a stream without a client tor names where others name theirs."""


class SocketAddress(msgspec.Struct, frozen=True, kw_only=True):
    """An address as the socket calls take it, numeric."""

    family: int
    address: tuple[Any, ...]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """The first hop of a stream."""

    client: str
    addresses: tuple[SocketAddress, ...]
    """Tried in turn: one that refuses hands over to the next."""
    unreachable: Ending
    """What it means when nobody is there."""


def routes(orders: SinkOrders) -> tuple[Route, ...]:
    """Return what a sink's streams take in turn. Raises UsageError for a name without address."""
    if orders.clients:
        return tuple(through(client) for client in orders.clients)
    direct = resolved(orders.address, orders.port)
    return (Route(client=DIRECT, addresses=direct, unreachable=Ending.PEER_UNREACHABLE),)


def through(client: SocksEndpoint) -> Route:
    """Return the way through a client tor. Raises UsageError for a name without address."""
    return Route(
        client=client.name,
        addresses=resolved(client.host, client.port),
        unreachable=Ending.CLIENT_UNREACHABLE,
    )


def resolved(host: str, port: int) -> tuple[SocketAddress, ...]:
    """Look a host name up, IPv4 and IPv6. Raises UsageError if it has no address."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{host} cannot be resolved: {error}; check the name") from error
    return tuple(
        SocketAddress(family=int(family), address=address) for family, *_, address in found
    )


def new_socket(family: int) -> socket.socket:
    """Return a socket to connect with. Raises Unequipped when no more files may be open."""
    try:
        new = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    except OSError as error:
        raise Unequipped(
            f"no socket for another stream: {error.strerror}; raise `ulimit -Hn` or ask for fewer"
        ) from error
    new.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return new

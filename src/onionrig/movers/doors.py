"""The sockets at which a source is reached: unix sockets for backend tors, TCP for all others."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from onionrig.errors import PortTaken, RunDirectoryError, Unequipped, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WAITING_CONNECTIONS = 1024


class Door:
    """The listening socket of one backend instance, and the head line for who connects there."""

    __slots__ = ("backend", "head", "listener")

    def __init__(self, *, backend: str, head: bytes, listener: socket.socket) -> None:
        self.backend = backend
        self.head = head
        self.listener = listener


def accept(listener: socket.socket) -> socket.socket | None:
    """Return the waiting connection, non-blocking, or None if it has gone in the meantime.

    Raises Unequipped when this process may not open any more files.
    """
    try:
        accepted, _ = listener.accept()
    except (BlockingIOError, ConnectionError):
        return None
    except OSError as error:
        raise Unequipped(
            f"no socket for another stream: {error.strerror}; raise `ulimit -Hn`"
        ) from error
    accepted.setblocking(False)
    return accepted


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """Listen on a unix socket that only its owner may use; it is removed after the block.

    Raises RunDirectoryError if that is impossible, for instance for a path above 107 bytes.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    with listener:
        mask = os.umask(0o177)
        try:
            if path.is_socket():
                path.unlink()  # left by a source that was killed
            listener.bind(os.fspath(path))
        except OSError as error:
            raise RunDirectoryError(f"{path}: no source can listen there: {error}") from error
        finally:
            os.umask(mask)
        try:
            listener.listen(_WAITING_CONNECTIONS)
            yield listener
        finally:
            path.unlink(missing_ok=True)


def listening_tcp(host: str, port: int) -> socket.socket:
    """Listen on a TCP port, on the first address that the host's name has.

    ``::`` is every address, including IPv4. Raises PortTaken, and UsageError if the host is not
    this machine or we may not take the port.
    """
    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(  # sets SO_REUSEADDR: a port just left is free
            address,
            family=family,
            backlog=_WAITING_CONNECTIONS,
            dualstack_ipv6=family is socket.AF_INET6 and socket.has_dualstack_ipv6(),
        )
    except (OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"port {port} is taken on {host}: end what listens there "
                f"(`ss -ltnp 'sport = :{port}'` names it), or serve at another port"
            ) from error
        raise UsageError(f"{host}:{port}: no source can listen there: {error}") from error
    listener.setblocking(False)
    return listener

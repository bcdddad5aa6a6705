"""Send back whatever comes in, unchanged: round trips are measured with it. It is not payload.

At most a few KiB are held for a connection that has sent them and not yet read them back. Nothing
more is read from it until then; what it goes on to send waits in the kernel's bounded buffers.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

from onionrig.movers.doors import accept

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

_MOST_HELD_BYTES = 4 << 10


class Echo:
    """One connection, and the bytes that it is owed."""

    __slots__ = ("_socket", "owed")

    def __init__(self, accepted: socket.socket) -> None:
        self._socket = accepted
        self.owed = b""

    def go_on(self) -> None:
        """Read if nothing is owed, and send as much as the socket takes.

        Raises OSError when the other side has closed the connection.
        """
        try:
            if not self.owed:
                self.owed = self._socket.recv(_MOST_HELD_BYTES)
                if not self.owed:
                    raise ConnectionResetError
            self.owed = self.owed[self._socket.send(self.owed) :]
        except BlockingIOError:
            return

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class Echoes:
    """The echo sockets of a source and their connections, in its epoll."""

    def __init__(self, listeners: Iterable[socket.socket], epoll: select.epoll) -> None:
        self._listeners = {listener.fileno(): listener for listener in listeners}
        self._open: dict[int, Echo] = {}
        self._epoll = epoll
        for descriptor in self._listeners:
            epoll.register(descriptor, select.EPOLLIN)

    def serve(self, descriptor: int) -> None:
        """Handle an event on a descriptor; descriptors that are not ours are ignored."""
        if descriptor in self._listeners:
            self._accept(self._listeners[descriptor])
        elif descriptor in self._open:
            self._go_on(descriptor, self._open[descriptor])

    def _accept(self, listener: socket.socket) -> None:
        accepted = accept(listener)
        if accepted is not None:
            self._open[accepted.fileno()] = Echo(accepted)
            self._epoll.register(accepted, select.EPOLLIN)

    def _go_on(self, descriptor: int, echo: Echo) -> None:
        owed = bool(echo.owed)
        try:
            echo.go_on()
        except OSError:
            del self._open[descriptor]
            echo.close()
            return
        if bool(echo.owed) != owed:
            self._epoll.modify(descriptor, select.EPOLLOUT if echo.owed else select.EPOLLIN)

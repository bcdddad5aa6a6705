"""Send payload to whoever connects, without end, and write what was taken in each second.

Run as ``python -m onionrig.movers.source ORDERS.json``. There is one unix socket per backend
instance, so that the source knows which daemon asks and its head line can name it, and there are
TCP ports for those who come without a tor. One thread, one epoll. The payload is in memory once;
every socket refers to its pages (sendfile), however much waits in it.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from onionrig.movers.clock import SteadyClock
from onionrig.movers.doors import Door, accept, listening, listening_tcp
from onionrig.movers.echo import Echoes
from onionrig.movers.payload import BLOCK_BYTES, DOUBLED_BLOCK, head_line
from onionrig.movers.program import StopRequest, allow_many_sockets, run_with_orders
from onionrig.records.samples import SourceSample
from onionrig.rig.orders import SourceOrders
from onionrig.store.lines import Appender

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEND_BUFFER_BYTES = 1 << 20
"""Send buffer of a connection to a tor, which takes 8 KiB at a time.

The kernel wakes us when three quarters are gone: few and large sends. Waiting payload is not
copied, so a thousand connections take no more memory for it. TCP sizes its buffer itself, to fit
the path.
"""


def run(orders: SourceOrders) -> None:
    """Serve the backends and doors of the orders until a signal comes.

    Raises RunDirectoryError when a socket cannot be made or a sample cannot be written, PortTaken
    when a door's port is taken.
    """
    allow_many_sockets()
    with (
        StopRequest() as stop,
        Appender(orders.record_path) as samples,
        payload_file() as payload,
        ExitStack() as sockets,
    ):
        doors = list(_doors(orders, sockets))
        echoes = [
            sockets.enter_context(listening(Path(backend.echo_path))) for backend in orders.backends
        ]
        Source(doors, echoes, payload, stop, samples).run()


class SourceConnection:
    """One connection, and its position in the head line and in the payload."""

    __slots__ = ("_head", "_offset", "_payload", "_socket", "backend")

    def __init__(self, accepted: socket.socket, door: Door, payload: int) -> None:
        self._socket = accepted
        self._payload = payload
        self._head = door.head
        self._offset = 0
        self.backend = door.backend

    def send(self) -> int:
        """Send what the socket takes and return the number of payload bytes sent.

        Raises OSError when the other side has closed the connection.
        """
        try:
            if self._head:
                self._head = self._head[self._socket.send(self._head) :]
                return 0
            sent = os.sendfile(self._socket.fileno(), self._payload, self._offset, BLOCK_BYTES)
        except BlockingIOError:
            return 0
        self._offset = (self._offset + sent) % BLOCK_BYTES
        return sent

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class Source:
    """The connections of one source process and the current second."""

    def __init__(
        self,
        doors: list[Door],
        echoes: list[socket.socket],
        payload: int,
        stop: StopRequest,
        samples: Appender,
    ) -> None:
        self._payload = payload
        self._stop = stop
        self._samples = samples
        self._clock = SteadyClock()
        self._second = self._clock.second()
        self._sent_bytes = {door.backend: 0 for door in doors}
        self._doors = {door.listener.fileno(): door for door in doors}
        self._connections: dict[int, SourceConnection] = {}
        self._epoll = select.epoll()
        for descriptor in (stop.fileno(), *self._doors):
            self._epoll.register(descriptor, select.EPOLLIN)
        self._echoes = Echoes(echoes, self._epoll)

    def run(self) -> None:
        """Serve until a stop is requested, then write the last, unfinished second."""
        while not self._stop.requested:
            for descriptor, events in self._epoll.poll(self._clock.until(self._second + 1)):
                self._serve(descriptor, events)
            if self._clock.second() > self._second:
                self._write_sample()
                self._second = self._clock.second()
        self._write_sample()

    def _serve(self, descriptor: int, events: int) -> None:
        if descriptor in self._connections:
            self._send(descriptor, events)
        elif descriptor in self._doors:
            self._accept(self._doors[descriptor])
        else:
            self._echoes.serve(descriptor)

    def _accept(self, door: Door) -> None:
        accepted = accept(door.listener)
        if accepted is None:
            return
        if accepted.family is socket.AF_UNIX:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        self._connections[accepted.fileno()] = SourceConnection(accepted, door, self._payload)
        # not EPOLLIN: we ignore what a client sends, and it would wake us for ever
        self._epoll.register(accepted, select.EPOLLOUT)

    def _send(self, descriptor: int, events: int) -> None:
        connection = self._connections[descriptor]
        try:
            if events & (select.EPOLLHUP | select.EPOLLERR):
                raise ConnectionResetError
            self._sent_bytes[connection.backend] += connection.send()
        except OSError:
            del self._connections[descriptor]
            connection.close()

    def _write_sample(self) -> None:
        """Close the second; seconds during which this process was held up have no sample."""
        streams = Counter(connection.backend for connection in self._connections.values())
        self._samples.append(
            SourceSample(
                second=self._second,
                monotonic_seconds=time.monotonic(),
                wall_seconds=self._clock.wall_seconds(),
                sent_bytes=self._sent_bytes,
                streams={backend: streams[backend] for backend in self._sent_bytes},
            )
        )
        self._sent_bytes = dict.fromkeys(self._sent_bytes, 0)


def _doors(orders: SourceOrders, sockets: ExitStack) -> Iterator[Door]:
    """Open the doors of the orders; the sockets close with the stack."""
    for backend in orders.backends:
        yield Door(
            backend=backend.name,
            head=head_line(orders.host, backend.name),
            listener=sockets.enter_context(listening(Path(backend.socket_path))),
        )
    for door in orders.doors:
        yield Door(
            backend=door.name,
            head=head_line(orders.host, door.name),
            listener=sockets.enter_context(listening_tcp(door.host, door.port)),
        )


@contextmanager
def payload_file() -> Iterator[int]:
    """Put the doubled block into memory as a file, and yield its descriptor for the block."""
    descriptor = os.memfd_create("onionrig-payload")
    with os.fdopen(descriptor, "wb") as file:
        file.write(DOUBLED_BLOCK)
        file.flush()
        yield descriptor


if __name__ == "__main__":
    run_with_orders(SourceOrders, run)

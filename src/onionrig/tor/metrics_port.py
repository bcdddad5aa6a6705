"""Ask a tor's MetricsPort over HTTP."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


MOST_BYTES = 16 << 20
"""Length of the longest page that is read; tor's own have about 30 KiB."""


def fetched_metrics(host: str, port: int, *, seconds: float) -> str:
    """Return the page of metrics; blocks at most ``seconds``, however slowly the page comes.

    Raises OSError if nobody answers in time, ValueError for an unexpected answer.
    """
    connection = http.client.HTTPConnection(host, port)
    connection.sock = _BoundedSocket(host, port, seconds=seconds)
    with contextlib.closing(connection):
        return page_from(connection)


def page_from(connection: http.client.HTTPConnection) -> str:
    """Ask for the page and return it. Raises OSError, and ValueError unless all is well.

    tor leaves the connection open after an answer (src/feature/metrics/metrics.c), so an answer
    that does not give its length would be waited for in vain.
    """
    try:
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        if response.status != HTTPStatus.OK:
            raise ValueError(f"answered {response.status} {response.reason}")
        if response.length is None or response.length > MOST_BYTES:
            raise ValueError(f"says no length, or too great a one: {response.getheaders()}")
        return response.read().decode()
    except http.client.HTTPException as error:
        raise ValueError(f"answered strangely: {error!r}") from error


class _BoundedSocket(socket.socket):
    """A connection on which all receiving together has a deadline.

    A socket's own timeout, which is all that http.client knows, starts again with every byte.
    """

    def __init__(self, host: str, port: int, *, seconds: float) -> None:
        """Connect; the time counts from now. Raises OSError."""
        self._until_seconds = time.monotonic() + seconds
        super().__init__(fileno=socket.create_connection((host, port), timeout=seconds).detach())
        self.settimeout(seconds)

    def recv_into(self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0) -> int:
        """Receive, as http.client's file object for a socket does."""
        left_seconds = self._until_seconds - time.monotonic()
        if left_seconds <= 0:
            raise TimeoutError("the time for the whole answer is over")
        self.settimeout(left_seconds)
        return super().recv_into(buffer, nbytes, flags)

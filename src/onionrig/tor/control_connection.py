"""A control connection that can be ended while an answer is awaited, so that every wait ends.

stem waits for an answer without a deadline, in a thread, and Python waits for its threads before it
ends: a silent port would hold the program up for ever, even after Ctrl-C.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import stem
from stem.control import Controller
from stem.socket import ControlSocket

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")

ANSWER_SECONDS = 30.0
"""Deadline of an answer: a tor takes milliseconds for it, or seconds on a starved machine."""
_TOO_LATE = "the time for an answer is over"


class ControlConnection(ControlSocket):  # type: ignore[misc] # stem has no types
    """A connection to a control socket, or to a control port by IPv4, IPv6 or name."""

    def __init__(self, place: str | tuple[str, int]) -> None:
        """Prepare to connect to a socket's path, or to a host and a port."""
        super().__init__()
        self._place = place
        self._raw: socket.socket | None = None
        self._is_over = False
        self._state = threading.Lock()

    def hang_up(self) -> None:
        """End the connection from any thread, for good: whoever waits for an answer gets none."""
        with self._state:
            self._is_over = True
            if self._raw is not None:
                with suppress(OSError):
                    self._raw.shutdown(socket.SHUT_RDWR)

    def _make_socket(self) -> socket.socket:
        """Connect, whenever stem asks for it; it asks once more if it was given no answer."""
        if self._is_over:
            raise stem.SocketError(_TOO_LATE)
        try:
            raw = _dialled(self._place)
        except (OSError, UnicodeError) as error:
            raise stem.SocketError(error) from error
        with self._state:
            if self._is_over:  # hung up while this dialled: nobody would end this connection later
                raw.close()
                raise stem.SocketError(_TOO_LATE)
            self._raw = raw
        return raw


async def connected(
    place: str | tuple[str, int], *, password: str | None = None, seconds: float = ANSWER_SECONDS
) -> tuple[Controller, ControlConnection]:
    """Connect and authenticate. Raises stem's errors, and TimeoutError if nobody answers."""
    connection = ControlConnection(place)

    def connect() -> Controller:
        connection.connect()
        controller = Controller(connection)
        try:
            controller.authenticate(password=password)
        except BaseException:
            controller.close()
            raise
        return controller

    try:
        controller = await answered(
            connect, subject="its control port", seconds=seconds, hang_up=connection.hang_up
        )
    except asyncio.CancelledError:
        connection.hang_up()
        raise
    return controller, connection


async def answered(
    call: Callable[[], Answer], *, subject: str, seconds: float, hang_up: Callable[[], None]
) -> Answer:
    """Return the result of a blocking call; if it takes too long, hang up.

    Raises TimeoutError, which names the subject.
    """
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.to_thread(call)
    except TimeoutError as error:
        hang_up()
        raise TimeoutError(f"no answer of {subject} within {seconds:.3g} s") from error


def _dialled(place: str | tuple[str, int]) -> socket.socket:
    if isinstance(place, tuple):
        dialled = socket.create_connection(place, timeout=ANSWER_SECONDS)
        dialled.settimeout(None)
        return dialled
    dialled = socket.socket(socket.AF_UNIX)
    try:
        dialled.connect(place)
    except BaseException:
        dialled.close()
        raise
    return dialled

"""Connect to somebody's tor: by its control socket, or its control port."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import stem
from stem.connection import AuthenticationFailure, MissingPassword, UnreadableCookieFile
from stem.control import Controller

from onionrig.errors import NoTorToAsk
from onionrig.tor.control import Control
from onionrig.units import host_and_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

USUAL = ("/run/tor/control", "127.0.0.1:9051")
"""Where Debian's tor has its control socket, and where tor has a control port by convention."""
PASSWORD_VARIABLE = "ONIONRIG_CONTROL_PASSWORD"  # noqa: S105 - its name


@asynccontextmanager
async def control_at(
    places: Sequence[str], *, password: str | None = None
) -> AsyncIterator[tuple[Control, str]]:
    """Connect to the first tor that answers at a socket's path or HOST:PORT; say which it was.

    Raises NoTorToAsk with what came of each, and UsageError where a place is neither.
    """
    controller, place = await asyncio.to_thread(_first, places, password)
    try:
        yield Control(controller), place
    finally:
        await asyncio.to_thread(controller.close)


def _first(places: Sequence[str], password: str | None) -> tuple[Controller, str]:
    said = []
    for place in places:
        try:
            return _connected(place, password), place
        except NoTorToAsk as error:
            said.append(str(error))
    raise NoTorToAsk(f"no tor to ask: {'; '.join(said)}")


def _connected(place: str, password: str | None) -> Controller:
    try:
        controller = _opened(place)
    except stem.SocketError as error:
        raise NoTorToAsk(f"{place}: {_why(error)}") from error
    try:
        controller.authenticate(password=password)
    except BaseException as error:
        controller.close()
        if isinstance(error, (AuthenticationFailure, stem.ControllerError)):
            raise NoTorToAsk(f"{place}: {_refused(error)}") from error
        raise
    return controller


def _opened(place: str) -> Controller:
    if "/" in place or Path(place).exists():
        return Controller.from_socket_file(place)
    host, port = host_and_port(place)
    return Controller.from_port(host, port)


def _why(error: stem.SocketError) -> str:
    """Say what kept a socket from being opened, as the system says it."""
    cause = error.__cause__ or error.__context__
    return cause.strerror if isinstance(cause, OSError) and cause.strerror else str(error)


def _refused(error: Exception) -> str:
    if isinstance(error, MissingPassword):
        return f"this tor wants a password: set {PASSWORD_VARIABLE}"
    if isinstance(error, UnreadableCookieFile):
        return f"its cookie cannot be read ({error}): be of its group, as debian-tor is on Debian"
    return f"it does not let us in: {error}"

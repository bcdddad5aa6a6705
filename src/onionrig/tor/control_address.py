"""Connect to somebody's tor, by its control socket or its control port."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import stem
from stem.connection import AuthenticationFailure, MissingPassword, UnreadableCookieFile

from onionrig.errors import NoTorToAsk
from onionrig.tor.control import Control, closing
from onionrig.tor.control_connection import connected
from onionrig.units import host_and_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

USUAL = ("/run/tor/control", "127.0.0.1:9051")
"""Control socket of Debian's tor, and the control port that tor uses by convention."""
PASSWORD_VARIABLE = "ONIONRIG_CONTROL_PASSWORD"  # noqa: S105 - its name


CONNECT_SECONDS = 10.0
"""Deadline of a tor's first answer."""


@asynccontextmanager
async def control_at(
    places: Sequence[str], *, password: str | None = None, seconds: float = CONNECT_SECONDS
) -> AsyncIterator[tuple[Control, str]]:
    """Connect to the first tor that answers at a socket's path or HOST:PORT; yield which it was.

    Each place has ``seconds`` to answer. Raises NoTorToAsk with the failure of each, and UsageError
    if a place is neither a path nor HOST:PORT.
    """
    refusals = []
    for place in places:
        try:
            tor = await _reached(place, password, seconds)
        except NoTorToAsk as error:
            refusals.append(str(error))
            continue
        async with closing(tor):
            yield tor, place
        return
    raise NoTorToAsk(f"no tor to ask: {'; '.join(refusals)}")


async def _reached(place: str, password: str | None, seconds: float) -> Control:
    where = _where(place)
    try:
        controller, connection = await connected(where, password=password, seconds=seconds)
    except TimeoutError as error:
        raise NoTorToAsk(
            f"{place}: no answer within {seconds:.3g} s: is it a tor's control port?"
        ) from error
    except (AuthenticationFailure, stem.ControllerError) as error:
        if isinstance(error, stem.SocketError) and not isinstance(error, stem.SocketClosed):
            raise NoTorToAsk(f"{place}: {_why(error)}") from error
        raise NoTorToAsk(f"{place}: {_refused(error)}") from error
    return Control(controller, hang_up=connection.hang_up)


def _where(place: str) -> str | tuple[str, int]:
    """Return a socket's path unchanged, or a host with its port. Raises UsageError."""
    return place if "/" in place or Path(place).exists() else host_and_port(place)


def _why(error: stem.SocketError) -> str:
    """Return the system's reason why a socket could not be opened."""
    cause = error.__cause__ or error.__context__
    return cause.strerror if isinstance(cause, OSError) and cause.strerror else str(error)


def _refused(error: Exception) -> str:
    if isinstance(error, MissingPassword):
        return f"this tor wants a password: set {PASSWORD_VARIABLE}"
    if isinstance(error, UnreadableCookieFile):
        return f"its cookie cannot be read ({error}): be of its group, as debian-tor is on Debian"
    return f"it does not let us in: {error}"

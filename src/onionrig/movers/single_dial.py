"""Dial once and check the first bytes: whether, and by whom, an onion address is served."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from onionrig.movers.attempt import Attempt
from onionrig.movers.clock import SteadyClock
from onionrig.records.transfers import Ending, Transfer
from onionrig.tor.socks import Credentials, Handshake

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from onionrig.rig.orders import SocksEndpoint

    Connect = Callable[[SocksEndpoint], Awaitable["Streams"]]

ENOUGH_BYTES = 64 << 10
"""What has to be verified: above a hundred cells, so that the circuit carries, not only opens."""

STREAM = -1
"""A probe's number among transfers: it is no stream of the load."""

_READ_BYTES = 64 << 10

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connected(client: SocksEndpoint) -> Streams:
    """Connect to a client tor's SOCKS port. Raises OSError."""
    return await asyncio.open_connection(client.host, client.port)


async def dial_once(  # noqa: PLR0913 - whom, through whom, as whom, how long
    address: str,
    port: int,
    client: SocksEndpoint,
    credentials: Credentials,
    *,
    timeout_seconds: float,
    connect: Connect = connected,
) -> Transfer:
    """Dial an onion address through a client tor, verify 64 KiB of payload, and hang up.

    Returns the record of the attempt: ``RUN_ENDED`` with the backend's name if all is well,
    otherwise the failure with its detail. The timeout is for all of it. Raises UsageError for an
    address or credentials that SOCKS cannot carry.
    """
    clock = SteadyClock()
    attempt = Attempt(
        stream=STREAM,
        number=1,
        client=client.name,
        handshake=Handshake(address, port, credentials),
        at=clock.wall_seconds(),
    )
    await carry(
        attempt,
        client,
        clock,
        enough_bytes=ENOUGH_BYTES,
        timeout_seconds=timeout_seconds,
        connect=connect,
    )
    return attempt.transfer()


async def carry(  # noqa: PLR0913 - an attempt, its way, and what bounds it
    attempt: Attempt,
    client: SocksEndpoint,
    clock: SteadyClock,
    *,
    enough_bytes: int,
    timeout_seconds: float,
    connect: Connect = connected,
) -> None:
    """Carry an attempt through to its end: ``RUN_ENDED`` once so much payload is verified.

    Cancelled, it hangs up and leaves the attempt without an end.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            await _dial(attempt, connect(client), clock, enough_bytes)
    except TimeoutError:
        attempt.give_up(clock.wall_seconds())


async def _dial(
    attempt: Attempt, connecting: Awaitable[Streams], clock: SteadyClock, enough_bytes: int
) -> None:
    try:
        reader, writer = await connecting
    except OSError as error:
        attempt.end(Ending.CLIENT_UNREACHABLE, clock.wall_seconds(), str(error.strerror or error))
        return
    try:
        attempt.accepted(clock.wall_seconds())
        await _converse(attempt, reader, writer, clock, enough_bytes)
    except OSError as error:
        attempt.end(Ending.RESET, clock.wall_seconds(), str(error.strerror or error))
    finally:
        writer.transport.abort()


async def _converse(
    attempt: Attempt,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    clock: SteadyClock,
    enough_bytes: int,
) -> None:
    while attempt.ending is None:
        if attempt.outgoing:
            writer.write(attempt.outgoing)
            attempt.sent(len(attempt.outgoing))
            await writer.drain()
        piece = await reader.read(_READ_BYTES)
        if not piece:
            attempt.closed(clock.wall_seconds())
            return
        attempt.received(memoryview(piece), clock.wall_seconds())
        if attempt.checker.verified_bytes >= enough_bytes:
            attempt.end(Ending.RUN_ENDED, clock.wall_seconds())

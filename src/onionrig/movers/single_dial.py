"""Dial once and check the first bytes: whether, and by whom, an onion address is served."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from onionrig.movers.attempt import Attempt
from onionrig.movers.clock import SteadyClock
from onionrig.records.streams.transfers import Ending, Transfer
from onionrig.tor.socks import Handshake
from onionrig.tor.stream import AsyncStream, SocksRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from onionrig.rig.orders import SocksEndpoint
    from onionrig.tor.socks import Credentials

    Connect = Callable[[SocksEndpoint], Awaitable["StreamPair"]]

ENOUGH_BYTES = 64 << 10
"""Payload that has to be verified: more than a hundred cells, which proves that the circuit works.
"""

STREAM = -1
"""Number of a single dial among transfers: it is not a stream of the load."""

StreamPair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connected(client: SocksEndpoint) -> StreamPair:
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

    Returns the record of the attempt: ``SERVED`` with the backend's name if all is well, otherwise
    the failure with its detail. The timeout covers all of it. Raises UsageError for an address or
    credentials that SOCKS cannot carry.
    """
    clock = SteadyClock()
    attempt = Attempt(stream=STREAM, number=1, client=client.name, at=clock.wall_seconds())
    await carry(
        attempt,
        Handshake(address, port, credentials),
        client,
        clock,
        enough_bytes=ENOUGH_BYTES,
        timeout_seconds=timeout_seconds,
        connect=connect,
    )
    return attempt.transfer()


async def carry(  # noqa: PLR0913 - an attempt, its way, and what bounds it
    attempt: Attempt,
    handshake: Handshake,
    client: SocksEndpoint,
    clock: SteadyClock,
    *,
    enough_bytes: int,
    timeout_seconds: float,
    connect: Connect = connected,
) -> None:
    """Carry an attempt to its end: ``SERVED`` once ``enough_bytes`` of payload are verified.

    If cancelled, it hangs up and leaves the attempt without an end.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            await _dial(attempt, handshake, connect(client), clock, enough_bytes)
    except TimeoutError:
        attempt.give_up(clock.wall_seconds())


async def _dial(
    attempt: Attempt,
    handshake: Handshake,
    connecting: Awaitable[StreamPair],
    clock: SteadyClock,
    enough_bytes: int,
) -> None:
    try:
        reader, writer = await connecting
    except OSError as error:
        attempt.end(Ending.CLIENT_UNREACHABLE, clock.wall_seconds(), str(error.strerror or error))
        return
    attempt.accepted()
    stream = AsyncStream(reader, writer, handshake)
    try:
        await stream.open()
        attempt.connected(clock.wall_seconds())
        await _take(attempt, stream, clock, enough_bytes)
    except EOFError:
        attempt.closed(clock.wall_seconds())
    except SocksRefused as error:
        attempt.end(Ending.SOCKS_REFUSED, clock.wall_seconds(), error.reason)
    except OSError as error:
        attempt.end(Ending.RESET, clock.wall_seconds(), str(error.strerror or error))
    finally:
        stream.close()


async def _take(
    attempt: Attempt, stream: AsyncStream, clock: SteadyClock, enough_bytes: int
) -> None:
    while attempt.ending is None:
        attempt.received(await stream.read(), clock.wall_seconds())
        if attempt.checker.verified_bytes >= enough_bytes:
            attempt.end(Ending.SERVED, clock.wall_seconds())

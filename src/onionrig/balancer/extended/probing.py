"""Ask each instance, second by second, whether it answers: through tor, as its clients do.

There is one stream to every instance, on its own circuit, to a port that sends back what it gets. A
daemon that is killed closes it; one that hangs, or is cut off, leaves a question unanswered.
"""

from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from onionrig.tor.socks import Credentials, Handshake
from onionrig.tor.stream import AsyncStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from onionrig.rig.orders import ProbeOrders

QUESTION = b"?"
GIVEN_UP_SECONDS = 20.0
"""Deadline of a dial or an answer, whatever was reported of the instance in the meantime."""
AGAIN_SECONDS = 1.0
"""Seconds between two dials of an instance that cannot be reached."""


class Probing:
    """Probes instances, by onion address, and reports of each whether it answers."""

    def __init__(
        self, orders: ProbeOrders, addresses: Sequence[str], say: Callable[[str, bool], None]
    ) -> None:
        self._orders = orders
        self._addresses = addresses
        self._say = say

    def run(self) -> None:
        """Probe for ever; meant for a thread of its own."""
        asyncio.run(self.all())

    async def all(self) -> None:
        """Probe every instance for ever."""
        await asyncio.gather(*(self._watch(address) for address in self._addresses))

    async def _watch(self, address: str) -> None:
        """Dial, and ask until no answer comes; then dial again.

        A lost stream may be the fault of a relay on its path: the instance is silent only if it
        does not soon answer on a new one. A first dial has more time, since the instance may still
        be starting; it counts as answering until then.
        """
        verdict = _PendingVerdict(self._say, address)
        patience = self._orders.first_dial_seconds
        for number in itertools.count():
            verdict.due_in(patience)
            answered = False
            try:
                async with _line(self._orders, address, number) as line:
                    while True:
                        await _exchange(line)
                        answered = True
                        verdict.answers()
                        await asyncio.sleep(self._orders.every_seconds)
                        verdict.due_in(self._orders.answer_seconds)
            except (OSError, EOFError):
                patience = self._orders.redial_seconds
            if not answered:
                await asyncio.sleep(AGAIN_SECONDS)


class _PendingVerdict:
    """The pending verdict that an instance is silent, unless it answers before."""

    def __init__(self, say: Callable[[str, bool], None], address: str) -> None:
        self._say = say
        self._address = address
        self._due: asyncio.TimerHandle | None = None

    def due_in(self, seconds: float) -> None:
        """Fall due, unless that is already scheduled."""
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(
                seconds,
                self._say,
                self._address,
                False,
            )

    def answers(self) -> None:
        """Take note of an answer."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self._say(self._address, True)


@asynccontextmanager
async def _line(orders: ProbeOrders, address: str, number: int) -> AsyncIterator[AsyncStream]:
    """Yield a stream to an instance. Raises OSError or EOFError if there is none."""
    # different credentials each time: another circuit
    credentials = Credentials(username=f"liveness-{address}", password=str(number))
    handshake = Handshake(f"{address}.onion", orders.port, credentials)
    reader, writer = await asyncio.open_connection(orders.socks_host, orders.socks_port)
    stream = AsyncStream(reader, writer, handshake)
    try:
        async with asyncio.timeout(GIVEN_UP_SECONDS):
            await stream.open()
        yield stream
    finally:
        stream.close()


async def _exchange(line: AsyncStream) -> None:
    async with asyncio.timeout(GIVEN_UP_SECONDS):
        await line.send(QUESTION)
        await line.read()

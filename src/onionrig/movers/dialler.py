"""Dial an address again and again: who serves, how fast, and how many dials fail.

Run as ``python -m onionrig.movers.dialler ORDERS.json``. Each dial takes the next client tor and
its own SOCKS credentials, hence its own circuit, verifies a little payload, hangs up, and leaves
one record. Dials at an interval do not wait for one another: they keep starting when an address
stops serving, so that everyone who would have come in that time is counted.
"""

from __future__ import annotations

import asyncio
import logging
import os

from onionrig.errors import UsageError
from onionrig.movers.attempt import Attempt
from onionrig.movers.clock import SteadyClock
from onionrig.movers.program import StopRequest, allow_many_sockets, run_with_orders
from onionrig.movers.single_dial import carry
from onionrig.rig.orders import DiallerOrders
from onionrig.store.lines import Appender
from onionrig.tor.socks import Credentials, Handshake

_log = logging.getLogger(__name__)


def run(orders: DiallerOrders) -> None:
    """Make the ordered number of dials, or dial until a signal comes.

    Raises RunDirectoryError when a record cannot be written, UsageError for orders with no end or
    with two, or for an address that SOCKS cannot carry.
    """
    if (orders.count is None) == (orders.every_seconds is None):
        raise UsageError("a dialler is told either how many dials, or how many seconds between two")
    allow_many_sockets()
    with StopRequest() as stop, Appender(orders.record_path) as record:
        asyncio.run(_dial(orders, stop, record))


async def _dial(orders: DiallerOrders, stop: StopRequest, record: Appender) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def heard() -> None:
        loop.remove_reader(stop.fileno())  # otherwise it would stay readable
        stopped.set()

    loop.add_reader(stop.fileno(), heard)
    await Dialler(orders, record).run(stopped)


class Dialler:
    """The dials under way, and the time of the next one."""

    def __init__(self, orders: DiallerOrders, record: Appender) -> None:
        self._orders = orders
        self._record = record
        self._clock = SteadyClock()
        self._due_at = self._clock.wall_seconds()
        # tor reuses a circuit for credentials that it has seen, so no former run may have used
        # these
        self._username = f"dial-{self._clock.second()}-{os.getpid()}"
        self._begun = 0
        self._left_out = 0
        self._under_way: dict[asyncio.Task[None], Attempt] = {}

    async def run(self, stopped: asyncio.Event) -> None:
        """Dial until all are done or a stop is requested; dials still under way get no verdict."""
        stopping = asyncio.ensure_future(stopped.wait())
        while not stopped.is_set():
            self._begin_due()
            if not self._under_way and self._orders.count is not None:
                break
            await asyncio.wait(
                {stopping, *self._under_way},
                timeout=self._until_due(),
                return_when=asyncio.FIRST_COMPLETED,
            )
            self._take_ended()
        stopping.cancel()
        self._hang_up()
        if self._left_out:
            _log.warning(
                "%d dials were left out: %d were under way, or this process was held up",
                self._left_out,
                self._orders.at_once,
            )

    def _begin_due(self) -> None:
        if self._orders.every_seconds is None:
            while self._has_room() and self._begun < (self._orders.count or 0):
                self._begin()
            return
        late_seconds = self._clock.wall_seconds() - self._due_at
        if late_seconds < 0:
            return
        if self._has_room():
            self._begin()
        else:
            self._left_out += 1
        # dials missed while this process was held up are not made up for in a burst
        missed = int(late_seconds / self._orders.every_seconds)
        self._left_out += missed
        self._due_at += (missed + 1) * self._orders.every_seconds

    def _until_due(self) -> float | None:
        return None if self._orders.every_seconds is None else self._clock.until(self._due_at)

    def _has_room(self) -> bool:
        return len(self._under_way) < self._orders.at_once

    def _begin(self) -> None:
        number, self._begun = self._begun, self._begun + 1
        client = self._orders.clients[number % len(self._orders.clients)]
        attempt = Attempt(
            stream=number, number=1, client=client.name, at=self._clock.wall_seconds()
        )
        credentials = Credentials(username=self._username, password=str(number))
        dial = carry(
            attempt,
            Handshake(self._orders.address, self._orders.port, credentials),
            client,
            self._clock,
            enough_bytes=self._orders.enough_bytes,
            timeout_seconds=self._orders.timeout_seconds,
        )
        self._under_way[asyncio.ensure_future(dial)] = attempt

    def _take_ended(self) -> None:
        for dial in [dial for dial in self._under_way if dial.done()]:
            attempt = self._under_way.pop(dial)
            dial.result()  # an error that a dial does not expect is ours
            self._record.append(attempt.transfer())

    def _hang_up(self) -> None:
        """Record the dials that were under way at the end, with or without payload so far."""
        at = self._clock.wall_seconds()
        for dial, attempt in self._under_way.items():
            dial.cancel()
            attempt.end_with_run(at)
            self._record.append(attempt.transfer())


if __name__ == "__main__":
    run_with_orders(DiallerOrders, run)

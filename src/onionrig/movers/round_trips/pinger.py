"""Measure every second how long a byte takes to a backend and back, through each client tor.

Run as ``python -m onionrig.movers.round_trips.pinger ORDERS.json``. Each client has one stream to
the echo port with its own SOCKS credentials, hence a circuit that carries nothing else: the round
trip is that of the path, with the queues that the load makes in it. A line that breaks is dialled
again.
"""

from __future__ import annotations

import logging
import os
import select
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from onionrig.movers.clock import SteadyClock
from onionrig.movers.pacing import pause_seconds
from onionrig.movers.program import StopRequest, run_with_orders
from onionrig.movers.round_trips.line import PingLine
from onionrig.records.samples import PingSample
from onionrig.rig.orders import PingerOrders
from onionrig.store.lines import Appender

if TYPE_CHECKING:
    from collections.abc import Iterator

_log = logging.getLogger(__name__)


def run(orders: PingerOrders) -> None:
    """Ask until a signal comes. Raises RunDirectoryError when a sample cannot be written."""
    with StopRequest() as stop, Appender(orders.record_path) as samples:
        Pinger(orders, stop, samples).run()


class Pinger:
    """The lines of one pinger and the current second."""

    def __init__(self, orders: PingerOrders, stop: StopRequest, samples: Appender) -> None:
        self._stop = stop
        self._samples = samples
        self._clock = SteadyClock()
        self._second = self._clock.second()
        # tor reuses a circuit for credentials that it has seen, so no former run may have used
        # these
        prefix = f"ping-{self._second}-{os.getpid()}"
        self._lines = [
            PingLine(number, client, orders, credentials_prefix=prefix, dial_at=self._second)
            for number, client in enumerate(orders.clients)
        ]
        self._up: dict[int, PingLine] = {}
        """Lines that are up or being dialled, by socket descriptor."""
        self._round_trips: dict[str, float] = {}
        """Round trips of the current second, by client."""
        self._epoll = select.epoll()
        self._epoll.register(stop.fileno(), select.EPOLLIN)

    def run(self) -> None:
        """Ask every second until a stop is requested; the second in which it comes is left out."""
        while not self._stop.requested:
            self._dial_due()
            for descriptor, _ in self._epoll.poll(self._clock.until(self._next_second_or_dial())):
                if descriptor in self._up:
                    self._go_on(self._up[descriptor])
            if self._clock.second() > self._second:
                self._write_sample()
                self._second = self._clock.second()
                self._ask()

    def _next_second_or_dial(self) -> float:
        dials = [line.dial_at for line in self._lines if line.dial_at is not None]
        return min([self._second + 1.0, *dials])

    def _dial_due(self) -> None:
        at = self._clock.wall_seconds()
        for line in self._lines:
            if line.dial_at is not None and line.dial_at <= at:
                with self._dialled_again(line):
                    line.dial(at)
                    self._up[line.socket.fileno()] = line
                    self._epoll.register(line.socket, line.wanted)

    def _go_on(self, line: PingLine) -> None:
        with self._dialled_again(line):
            round_trip_seconds = line.go_on(self._clock.wall_seconds())
            self._epoll.modify(line.socket, line.wanted)
            if round_trip_seconds is not None:
                self._round_trips[line.client] = round_trip_seconds
                line.failures = 0

    def _ask(self) -> None:
        for line in list(self._up.values()):
            with self._dialled_again(line):
                at = self._clock.wall_seconds()
                line.give_up_silent(at)
                line.ask(at)
                self._epoll.modify(line.socket, line.wanted)

    @contextmanager
    def _dialled_again(self, line: PingLine) -> Iterator[None]:
        """Hang up a line that breaks in the block, and schedule its next dial after a pause."""
        try:
            yield
        except OSError as error:
            self._up.pop(line.socket.fileno(), None)
            line.hang_up()
            line.failures += 1
            pause = pause_seconds(line.number, failures=line.failures)
            line.dial_at = self._clock.wall_seconds() + pause
            if line.failures == 1:
                _log.warning("%s: %s; dialling again until it answers", line.client, error)

    def _write_sample(self) -> None:
        """Close the second; seconds during which this process was held up have no sample."""
        self._samples.append(
            PingSample(
                second=self._second,
                monotonic_seconds=time.monotonic(),
                wall_seconds=self._clock.wall_seconds(),
                round_trip_seconds={
                    line.client: self._round_trips.get(line.client) for line in self._lines
                },
            )
        )
        self._round_trips.clear()


if __name__ == "__main__":
    run_with_orders(PingerOrders, run)

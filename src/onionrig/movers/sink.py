"""Pull payload, check every byte, and write what arrived in each second.

Run as ``python -m onionrig.movers.sink ORDERS.json``: through client tors, or directly from the
source if there are none. One thread, one receive buffer, one epoll.

A byte counts in the second in which it is read. Every socket is read empty as a second ends, so the
count is what had arrived by then, although a socket wakes us only for 1 MiB.
"""

from __future__ import annotations

import heapq
import os
import select
import time
from typing import TYPE_CHECKING

import msgspec

from onionrig.movers.clock import SteadyClock
from onionrig.movers.ledger import Ledger
from onionrig.movers.pacing import first_dial_second, pause_seconds
from onionrig.movers.program import StopRequest, allow_many_sockets, read_json, run_with_orders
from onionrig.movers.stream import LOW_WATER_BYTES, Stream, routes
from onionrig.records.streams.schedule import Schedule
from onionrig.rig.orders import SinkOrders
from onionrig.store.lines import Appender

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onionrig.movers.stream import Route
    from onionrig.rig.orders import StreamShare

_BUFFER_BYTES = LOW_WATER_BYTES
"""Size of the buffer shared by all streams: what a stream wakes us for is read at once."""

_MOST_READS = 4
"""Reads in a row from one stream, in case data arrives faster than it is read."""


def run(orders: SinkOrders) -> None:
    """Pull as the orders and their schedule say, until the schedule ends or a signal comes.

    Raises RunDirectoryError when a record cannot be written, RecordsUnreadable for a schedule that
    cannot be read, UsageError for a host name that cannot be resolved.
    """
    schedule = read_json(orders.schedule_path, Schedule)
    allow_many_sockets()
    with (
        StopRequest() as stop,
        Appender(orders.record_path) as samples,
        Appender(orders.transfers_path) as transfers,
    ):
        Sink(orders, schedule, stop, samples=samples, transfers=transfers).run()


class Sink:
    """The streams of one sink process and the current second."""

    def __init__(
        self,
        orders: SinkOrders,
        schedule: Schedule,
        stop: StopRequest,
        *,
        samples: Appender,
        transfers: Appender,
    ) -> None:
        self._orders = orders
        self._end_second = schedule.end_second
        self._stop = stop
        self._samples = samples
        self._transfers = transfers
        self._clock = SteadyClock()
        self._second = self._clock.second()
        self._ledger = Ledger()
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._epoll = select.epoll()
        self._epoll.register(stop.fileno(), select.EPOLLIN)
        self._open: dict[int, Stream] = {}
        """Streams with an attempt under way, by socket descriptor."""
        self._dials = list(_first_dials(orders, schedule))
        """The dials to come, as a heap: wall-clock second, stream number, stream."""
        heapq.heapify(self._dials)

    def run(self) -> None:
        """Pull until the schedule ends or a stop is requested, then end every attempt."""
        while self._second < self._end_second and not self._stop.requested:
            self._dial_due()
            self._serve_until(self._next_second_or_dial())
            if self._clock.second() > self._second:
                self._turn_second()
        if self._second < self._end_second:
            self._drain()
            self._write_sample()
        self._end_run()

    def _next_second_or_dial(self) -> float:
        second_ends = self._second + 1.0
        return min(second_ends, self._dials[0][0]) if self._dials else second_ends

    def _dial_due(self) -> None:
        while self._dials and self._dials[0][0] <= self._clock.wall_seconds():
            _, _, stream = heapq.heappop(self._dials)
            stream.dial(self._clock.wall_seconds())
            self._watch(stream)

    def _watch(self, stream: Stream) -> None:
        """Watch a stream that is connecting."""
        self._open[stream.socket.fileno()] = stream
        self._epoll.register(stream.socket, select.EPOLLOUT)
        self._close_if_ended(stream)

    def _serve_until(self, second: float) -> None:
        """Serve what is ready now, or sleep until something is, but not beyond that second."""
        for descriptor, _ in self._epoll.poll(self._clock.until(second)):
            stream = self._open.get(descriptor)
            if stream is not None:
                self._serve(stream)

    def _serve(self, stream: Stream) -> None:
        had_to_write = stream.must_write
        if had_to_write:
            stream.write(self._clock.wall_seconds())
        else:
            self._read(stream)
        if stream.must_write != had_to_write:
            events = select.EPOLLOUT if stream.must_write else select.EPOLLIN
            self._epoll.modify(stream.socket, events)
        self._close_if_ended(stream)

    def _read(self, stream: Stream) -> None:
        """Read the socket empty and count the bytes that were correct, or a foreign peer's."""
        attempt = stream.attempt
        verified, unverified = attempt.checker.verified_bytes, attempt.unverified_bytes
        at = self._clock.wall_seconds()
        for _ in range(_MOST_READS):
            size = stream.read(self._buffer, at)
            if size < _BUFFER_BYTES or attempt.ending is not None:
                break
        if attempt.backend is not None:
            self._ledger.verified(attempt.backend, attempt.checker.verified_bytes - verified)
        self._ledger.unverified(attempt.unverified_bytes - unverified)

    def _turn_second(self) -> None:
        """Close the second that is over.

        If this process was held up for longer (stopped, or starved of CPU), the second in which the
        waiting bytes arrived is unknown: they count where they are read, the closed second keeps
        what was read in it, and the seconds in between have no sample.
        """
        now = self._clock.second()
        if now == self._second + 1:
            self._drain()
            self._give_up_silent()
        self._write_sample()
        self._second = now

    def _drain(self) -> None:
        """Read every socket empty: less than the low-water mark does not wake us."""
        for stream in list(self._open.values()):
            if not stream.must_write:
                self._serve(stream)

    def _give_up_silent(self) -> None:
        """End the attempts that are overdue, right after a drain, so that no byte is overlooked."""
        at = self._clock.wall_seconds()
        for stream in list(self._open.values()):
            if stream.attempt.overdue(
                at,
                connect_seconds=self._orders.connect_seconds,
                stall_seconds=self._orders.stall_seconds,
            ):
                stream.attempt.give_up(at)
                self._close_if_ended(stream)

    def _close_if_ended(self, stream: Stream) -> None:
        """Record an attempt that has failed and let its stream dial again after a pause."""
        attempt = stream.attempt
        if attempt.ending is None:
            return
        if stream.has_another_address:
            del self._open[stream.socket.fileno()]
            stream.dial_next_address(self._clock.wall_seconds())
            self._watch(stream)
            return
        self._ledger.failed(attempt)
        self._hang_up(stream)
        pause = pause_seconds(stream.number, failures=stream.failures)
        redial_at = self._clock.wall_seconds() + pause
        heapq.heappush(self._dials, (redial_at, stream.number, stream))

    def _hang_up(self, stream: Stream) -> None:
        del self._open[stream.socket.fileno()]
        stream.hang_up()
        self._transfers.append(stream.attempt.transfer())

    def _write_sample(self) -> None:
        sample = self._ledger.close(
            self._second,
            monotonic_seconds=time.monotonic(),
            wall_seconds=self._clock.wall_seconds(),
            attempts=[stream.attempt for stream in self._open.values()],
        )
        self._samples.append(sample)

    def _end_run(self) -> None:
        at = self._clock.wall_seconds()
        for stream in list(self._open.values()):
            stream.attempt.end_with_run(at)
            self._hang_up(stream)
        self._epoll.close()


def _first_dials(orders: SinkOrders, schedule: Schedule) -> Iterator[tuple[float, int, Stream]]:
    # tor reuses a circuit for credentials that it has seen, so no former run may have used these
    prefix = f"{schedule.ramp_second}-{os.getpid()}"
    for number, route in _numbered_routes(orders.share, routes(orders), schedule.streams):
        yield (
            first_dial_second(number, schedule),
            number,
            Stream(number, _dialling(orders, schedule, number), route, credentials_prefix=prefix),
        )


def _dialling(orders: SinkOrders, schedule: Schedule, number: int) -> SinkOrders:
    """Return a stream's orders, with an instance's address if it is to reach an instance."""
    if schedule.reach == "address":
        return orders
    address = orders.instances[number % len(orders.instances)]
    return msgspec.structs.replace(orders, address=address)


def _numbered_routes(
    share: StreamShare | None, ways: tuple[Route, ...], streams: int
) -> Iterator[tuple[int, Route]]:
    """Yield the numbers of this sink's streams, each with its route."""
    for number in range(streams):
        if share is None:
            yield number, ways[number % len(ways)]
        elif number % share.of in share.remainders:
            yield number, ways[share.remainders.index(number % share.of) % len(ways)]


if __name__ == "__main__":
    run_with_orders(SinkOrders, run)

"""When a sink acts, to the fraction of a second: on a clock that tests move."""

import array
import fcntl
import socket
import termios
from contextlib import ExitStack
from itertools import pairwise

import pytest

from onionrig.movers.attempt import Attempt, AttemptPhase
from onionrig.movers.payload import DOUBLED_BLOCK, head_line
from onionrig.movers.sink import Sink
from onionrig.records.streams.schedule import Schedule
from onionrig.records.streams.transfers import Ending
from support.moved_clock import START, ends, starts, stop_request
from support.processes.movers_bench import direct_orders
from support.waiting import HANG_SECONDS, until


class Peer:
    """A source's TCP door, open to one stream, and served by the test."""

    def __init__(self, stack):
        self._stack = stack
        self._listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._listener.settimeout(HANG_SECONDS)
        self._connection = None
        self._sent = 0
        self.port = self._listener.getsockname()[1]

    def send(self, size):
        """Send so many payload bytes, and wait until the sink's kernel has them."""
        if self._connection is None:
            self._connection, _ = self._listener.accept()
            self._stack.enter_context(self._connection)
            self._connection.sendall(head_line("here", "door"))
        self._connection.sendall(DOUBLED_BLOCK[self._sent : self._sent + size])
        self._sent += size
        until(lambda: self._unacknowledged() == 0, "its arrival", pause_seconds=0.001)

    def _unacknowledged(self):
        size = array.array("i", [0])
        fcntl.ioctl(self._connection, termios.TIOCOUTQ, size)
        return size[0]


@pytest.fixture
def peer():
    with ExitStack() as stack:
        yield Peer(stack)


def pulled(clock, port, *, schedule=None, stop_at=None, stall_seconds=20.0):
    """Run a sink without client tors to its end; return its samples and transfers."""
    schedule = schedule or Schedule(
        ramp_second=START, hold_second=START, end_second=START + 300, streams=1
    )
    orders = direct_orders(port, stall_seconds=stall_seconds)
    samples, transfers = [], []
    with stop_request(clock, stop_at) as stop:
        Sink(orders, schedule, stop, samples=samples, transfers=transfers).run()
    return samples, transfers


def by_second(samples):
    return {sample.second - START: sample.verified_bytes.get("door", 0) for sample in samples}


def test_a_sink_dials_and_ends_when_its_schedule_says_with_a_sample_as_each_second_ends(
    clock, peer
):
    schedule = Schedule(
        ramp_second=START + 2, hold_second=START + 4, end_second=START + 6, streams=4
    )
    samples, transfers = pulled(clock, peer.port, schedule=schedule)

    assert [at - START for at in starts(transfers)] == [2.0, 2.5, 3.0, 3.5]
    assert [transfer.ending for transfer in transfers] == [Ending.STILL_WAITING] * 4
    assert ends(transfers) == [START + 6] * 4
    assert [(sample.second, sample.wall_seconds) for sample in samples] == [
        (second, second + 1) for second in range(START, START + 6)
    ]


def test_a_trickle_below_the_low_water_mark_counts_each_second_and_is_no_silence(clock, peer):
    for second in range(5):
        clock.later(START + second + 0.5, lambda: peer.send(1000))
    # bytes that were heard only once the low-water mark is reached would be a silence of 1.5 s
    samples, transfers = pulled(clock, peer.port, stop_at=START + 5.25, stall_seconds=1.5)

    assert by_second(samples) == {0: 1000, 1: 1000, 2: 1000, 3: 1000, 4: 1000, 5: 0}
    assert [(t.ending, t.verified_bytes) for t in transfers] == [(Ending.RUN_ENDED, 5000)]


def test_a_sink_that_was_held_up_takes_its_own_silence_for_nobody_elses(clock, peer):
    for second in (0, 1, 2, 9, 10):
        clock.later(START + second + 0.5, lambda: peer.send(1000))
    clock.later(START + 3.25, lambda: peer.send(5000))
    clock.later(START + 3.25, lambda: clock.hold_up(until=START + 8.75))
    samples, transfers = pulled(clock, peer.port, stop_at=START + 11.25, stall_seconds=1.5)

    # nobody knows in which second the 5000 came: they count in the one in which they are read
    assert by_second(samples) == {
        0: 1000, 1: 1000, 2: 1000, 3: 0, 8: 5000, 9: 1000, 10: 1000, 11: 0,
    }  # fmt: skip
    assert [(t.ending, t.verified_bytes) for t in transfers] == [(Ending.RUN_ENDED, 10_000)]


def test_a_sink_gives_up_a_silent_stream_as_its_time_is_up_and_dials_again_after_its_pause(
    clock, peer
):
    clock.later(START + 0.5, lambda: peer.send(1000))
    _, transfers = pulled(clock, peer.port, stop_at=START + 6.5, stall_seconds=2.0)

    first, second = transfers
    heard_at = first.first_byte_after_seconds
    assert (first.ending, first.ended_after_seconds - heard_at) == (Ending.STALLED, 2.0)
    assert second.started_wall_seconds == ends([first])[0] + 0.25
    assert second.attempt == 2


def test_a_sink_waits_longer_after_each_failure_in_a_row(clock):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens, and nobody else can
        _, transfers = pulled(clock, closed.getsockname()[1], stop_at=START + 30)

    refused = [t for t in transfers if t.ending is Ending.PEER_UNREACHABLE]
    pauses = [b.started_wall_seconds - ends([a])[0] for a, b in pairwise(refused)]
    assert pauses[:6] == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0]


def test_each_phase_of_an_attempt_has_its_own_time_to_be_silent():
    attempt = Attempt(stream=0, number=1, client="client 0", at=100.0)

    def overdue(at):
        return attempt.overdue(at, connect_seconds=10.0, stall_seconds=3.0)

    assert attempt.phase is AttemptPhase.CLIENT
    assert (overdue(109.5), overdue(110.0)) == (False, True)
    attempt.accepted()
    assert attempt.phase is AttemptPhase.REPLY  # of all until the reply, from the dial on
    assert (overdue(109.5), overdue(110.0)) == (False, True)
    attempt.connected(108.0)
    assert attempt.phase is AttemptPhase.FIRST_BYTE
    assert (overdue(117.5), overdue(118.0)) == (False, True)
    attempt.received(memoryview(head_line("here", "0")), 112.0)
    assert attempt.phase is AttemptPhase.DELIVERING
    assert (overdue(114.5), overdue(115.0)) == (False, True)
    attempt.received(memoryview(DOUBLED_BLOCK[:9]), 114.0)
    assert (overdue(116.5), overdue(117.0)) == (False, True)

"""When sink, dialler and pinger act, to the fraction of a second: on a clock that tests move."""

import array
import asyncio
import fcntl
import heapq
import socket
import termios
from contextlib import ExitStack, contextmanager
from itertools import count, pairwise
from types import SimpleNamespace

import pytest

from onionrig.movers.attempt import Attempt, Phase
from onionrig.movers.dialler import Dialler
from onionrig.movers.exchange import QUESTION_BYTES, Exchange
from onionrig.movers.line import Line
from onionrig.movers.payload import DOUBLED_BLOCK, head_line
from onionrig.movers.pinger import Pinger
from onionrig.movers.sink import Sink
from onionrig.records.schedule import Schedule
from onionrig.records.transfers import Ending
from onionrig.rig.orders import DiallerOrders, PingerOrders, SinkOrders, SocksEndpoint
from onionrig.tor.socks import Credentials, Handshake
from support.waiting import HANG_SECONDS, until

START = 1000
ADDRESS = "a" * 56 + ".onion"
CLIENT = SocksEndpoint(name="client 0", host="127.0.0.1", port=9050)


class Clock:
    """A mover's clock whose time passes only where the mover waits, and then at once.

    What a test has put off to a time happens then, before the mover looks at its sockets.
    """

    def __init__(self):
        self.at = float(START)
        self._put_off = []
        self._numbers = count()

    def later(self, at, act):
        heapq.heappush(self._put_off, (at, next(self._numbers), act))

    def hold_up(self, *, until):
        """Let time pass in which the mover does nothing."""
        self.at = until

    def wall_seconds(self):
        return self.at

    def second(self):
        return int(self.at)

    def until(self, second):
        if self._put_off and self._put_off[0][0] <= second:
            at, _, act = heapq.heappop(self._put_off)
            self.at = max(self.at, at)
            act()
        else:
            self.at = max(self.at, second)
        return 0.0


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for mover in ("sink", "dialler", "pinger"):
        monkeypatch.setattr(f"onionrig.movers.{mover}.SteadyClock", lambda: clock)
    return clock


@contextmanager
def stop_request(clock, at):
    """What a mover waits for beside its sockets; the stop is asked for at a time, if at all."""
    reader, writer = socket.socketpair()
    with reader, writer:
        stop = SimpleNamespace(fileno=reader.fileno, asked=False)
        if at is not None:
            clock.later(at, lambda: setattr(stop, "asked", True))
        yield stop


def ends(transfers):
    return [t.started_wall_seconds + t.ended_after_seconds for t in transfers]


def starts(transfers):
    return [transfer.started_wall_seconds for transfer in transfers]


# A sink


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
    orders = SinkOrders(
        record_path="",
        address="127.0.0.1",
        port=port,
        clients=(),
        schedule_path="",
        transfers_path="",
        connect_seconds=60.0,
        stall_seconds=stall_seconds,
    )
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
    assert [transfer.ending for transfer in transfers] == [Ending.RUN_ENDED] * 4
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
    handshake = Handshake(ADDRESS, 9000, Credentials(username="a", password=str(1)))
    attempt = Attempt(stream=0, number=1, client="client 0", handshake=handshake, at=100.0)

    def overdue(at):
        return attempt.overdue(at, connect_seconds=10.0, stall_seconds=3.0)

    assert attempt.phase is Phase.CLIENT
    assert (overdue(109.5), overdue(110.0)) == (False, True)
    attempt.accepted(105.0)
    attempt.received(memoryview(b"\x05\x02"), 106.0)
    attempt.received(memoryview(b"\x01\x00"), 107.0)
    assert attempt.phase is Phase.REPLY  # of all until the reply, from the dial on
    assert (overdue(109.5), overdue(110.0)) == (False, True)
    attempt.received(memoryview(b"\x05\x00\x00\x01" + bytes(6)), 108.0)
    assert attempt.phase is Phase.FIRST_BYTE
    assert (overdue(117.5), overdue(118.0)) == (False, True)
    attempt.received(memoryview(head_line("here", "0")), 112.0)
    assert attempt.phase is Phase.DELIVERING
    assert (overdue(114.5), overdue(115.0)) == (False, True)
    attempt.received(memoryview(DOUBLED_BLOCK[:9]), 114.0)
    assert (overdue(116.5), overdue(117.0)) == (False, True)


# A dialler


@pytest.fixture
def hanging(monkeypatch):
    """Dials that never end, but for those whose time to do so a test sets; in their order."""
    dials = []

    async def carry(attempt, *_, **__):
        dials.append(SimpleNamespace(attempt=attempt, over=asyncio.Event()))
        await dials[-1].over.wait()

    monkeypatch.setattr("onionrig.movers.dialler.carry", carry)
    return dials


async def dialled(clock, *, stop_at, every_seconds=0.25, at_once=100):
    """Have dials made until a time; return when each began."""
    orders = DiallerOrders(
        record_path="",
        address=ADDRESS,
        port=9000,
        clients=(CLIENT,),
        every_seconds=every_seconds,
        at_once=at_once,
        timeout_seconds=60.0,
        enough_bytes=8192,
    )
    stopped = asyncio.Event()
    clock.later(stop_at, stopped.set)
    dials = []
    await Dialler(orders, dials).run(stopped)
    return sorted(at - START for at in starts(dials))


async def test_dials_begin_exactly_at_their_interval_while_earlier_ones_hang(
    clock, hanging, caplog
):
    assert await dialled(clock, stop_at=START + 1.9) == [n * 0.25 for n in range(8)]
    assert caplog.text == ""


async def test_after_a_hold_up_one_dial_begins_at_once_and_the_next_when_it_is_due(
    clock, hanging, caplog
):
    clock.later(START + 0.9, lambda: clock.hold_up(until=START + 4.125))

    begun = await dialled(clock, stop_at=START + 4.6)
    assert begun == [0.0, 0.25, 0.5, 0.75, 4.125, 4.25, 4.5]
    assert "12 dials were left out" in caplog.text  # those of 1.25, 1.5, …, 4.0


async def test_a_dial_that_finds_no_room_is_left_out_and_the_next_with_room_is_on_time(
    clock, hanging, caplog
):
    def end_the_first():
        hanging[0].attempt.end(Ending.CONNECT_TIMEOUT, clock.at)
        hanging[0].over.set()

    clock.later(START + 1.1, end_the_first)

    begun = await dialled(clock, stop_at=START + 1.9, at_once=3)
    assert begun == [0.0, 0.25, 0.5, 1.25]
    assert "4 dials were left out: 3 were under way" in caplog.text  # 0.75, 1.0, 1.5, 1.75


# A pinger


class Echoed:
    """Stands in for a client tor and what is behind it: up at once, and answering in its time."""

    def __init__(self, clock, stack, answer_seconds):
        self._clock = clock
        self._stack = stack
        self._answer_seconds = answer_seconds
        self.dialled_at = []
        self.asked_at = []

    def line(self, *arguments, **named):
        """Return a line that this is the other end of."""
        echoed = self

        class Connected(Line):
            def dial(self, _at):
                self.socket, far = socket.socketpair()
                self.socket.setblocking(False)
                echoed.meet(far)
                self.dial_at = None
                self._connecting, self._outgoing = False, b""
                self._exchange, self._handshake = Exchange(), None

            def ask(self, at):
                super().ask(at)
                echoed.answer()

        return Connected(*arguments, **named)

    def meet(self, far):
        self._far = self._stack.enter_context(far)
        self.dialled_at.append(self._clock.at - START)

    def answer(self):
        """Send a question back in its time, if one has come."""
        try:
            question = self._far.recv(QUESTION_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        self.asked_at.append(self._clock.at - START)
        if self._answer_seconds is not None:
            back_at = self._clock.at + self._answer_seconds
            self._clock.later(back_at, lambda: self._far.sendall(question))


def pinged(clock, monkeypatch, *, answer_seconds, stop_at):
    """Run a pinger until a time; return its samples, and what its line's other end saw."""
    orders = PingerOrders(record_path="", address=ADDRESS, port=9000, clients=(CLIENT,))
    samples = []
    with ExitStack() as stack, stop_request(clock, stop_at) as stop:
        echoed = Echoed(clock, stack, answer_seconds)
        monkeypatch.setattr("onionrig.movers.pinger.Line", echoed.line)
        Pinger(orders, stop, samples).run()
    return samples, echoed


def round_trips(samples):
    return {sample.second - START: sample.round_trip_seconds["client 0"] for sample in samples}


def test_a_pinger_asks_as_each_second_begins_and_the_answer_counts_in_it(clock, monkeypatch):
    samples, echoed = pinged(clock, monkeypatch, answer_seconds=0.25, stop_at=START + 5.5)

    assert echoed.asked_at == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert round_trips(samples) == {0: None, 1: 0.25, 2: 0.25, 3: 0.25, 4: 0.25}
    assert all(sample.wall_seconds == sample.second + 1 for sample in samples)


def test_a_late_answer_counts_in_the_second_it_comes_in_and_delays_the_next_question(
    clock, monkeypatch
):
    samples, echoed = pinged(clock, monkeypatch, answer_seconds=1.25, stop_at=START + 6.5)

    assert echoed.asked_at == [1.0, 3.0, 5.0]
    assert round_trips(samples) == {0: None, 1: None, 2: 1.25, 3: None, 4: 1.25, 5: None}


def test_a_line_without_an_answer_is_given_up_after_ten_seconds_and_dialled_after_its_pause(
    clock, monkeypatch
):
    samples, echoed = pinged(clock, monkeypatch, answer_seconds=None, stop_at=START + 12.5)

    assert echoed.dialled_at == [0.0, 11.25]
    assert echoed.asked_at == [1.0, 12.0]
    assert round_trips(samples) == dict.fromkeys(range(12))


def test_a_pinger_that_was_held_up_asks_once_and_leaves_out_the_seconds_between(clock, monkeypatch):
    clock.later(START + 3.5, lambda: clock.hold_up(until=START + 8.75))
    samples, echoed = pinged(clock, monkeypatch, answer_seconds=0.125, stop_at=START + 10.5)

    assert echoed.asked_at == [1.0, 2.0, 3.0, 8.75, 9.0, 10.0]
    assert round_trips(samples) == {
        0: None, 1: 0.125, 2: 0.125, 3: 0.125, 8: 0.125, 9: 0.125,
    }  # fmt: skip

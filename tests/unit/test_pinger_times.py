"""When a pinger asks, to the fraction of a second: on a clock that tests move."""

import socket
from contextlib import ExitStack

from onionrig.movers.round_trips.line import QUESTION_BYTES, PingLine
from onionrig.movers.round_trips.pinger import Pinger
from onionrig.rig.orders import PingerOrders
from onionrig.tor.stream import StreamSocket
from support.moved_clock import START, stop_request
from support.processes.movers_bench import ADDRESS, PORT, endpoints


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

        class Answered(PingLine):
            def ask(self, at):
                super().ask(at)
                echoed.answer()

        return Answered(*arguments, **named)

    def link(self, _family, _handshake):
        """Return a stream that is open as soon as it is dialled."""
        echoed = self

        class Open(StreamSocket):
            def connect(self, _to):
                self.close()
                self.socket, far = socket.socketpair()
                self.socket.setblocking(False)
                self.connecting = False
                echoed.meet(far)

        return Open(socket.AF_UNIX, None)

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
    orders = PingerOrders(record_path="", address=ADDRESS, port=PORT, clients=endpoints([9050]))
    samples = []
    with ExitStack() as stack, stop_request(clock, stop_at) as stop:
        echoed = Echoed(clock, stack, answer_seconds)
        monkeypatch.setattr("onionrig.movers.round_trips.pinger.PingLine", echoed.line)
        monkeypatch.setattr("onionrig.movers.round_trips.line.StreamSocket", echoed.link)
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

"""A clock that a test moves: when movers act on it is exact, however busy the machine is."""

from __future__ import annotations

import heapq
import socket
from contextlib import contextmanager
from itertools import count
from types import SimpleNamespace

START = 1000
"""The second in which it begins."""


class MovedClock:
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


@contextmanager
def stop_request(clock, at):
    """What a mover waits for beside its sockets; the stop is requested at a time, if at all."""
    reader, writer = socket.socketpair()
    with reader, writer:
        stop = SimpleNamespace(fileno=reader.fileno, requested=False)
        if at is not None:
            clock.later(at, lambda: setattr(stop, "requested", True))
        yield stop


def ends(transfers):
    return [t.started_wall_seconds + t.ended_after_seconds for t in transfers]


def starts(transfers):
    return [transfer.started_wall_seconds for transfer in transfers]

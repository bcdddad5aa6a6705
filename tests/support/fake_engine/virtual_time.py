"""An event loop whose time passes at once: nothing waits, everything happens in its order."""

from __future__ import annotations

import asyncio
import selectors

BEGAN_WALL_SECONDS = 1_800_000_000.0


class NothingWouldHappen(RuntimeError):
    """Every task waits for another, and for no time and no file."""


class _NoWaiting(selectors.DefaultSelector):
    """Looks whether anything is there to be read; instead of waiting it lets the time pass."""

    def __init__(self):
        super().__init__()
        self.passed_seconds = 0.0

    def select(self, timeout=None):
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise NothingWouldHappen("no task can go on, and nothing is awaited from outside")
        self.passed_seconds += timeout
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Its ``time()`` moves on exactly as far as the next thing that is waited for."""

    def __init__(self):
        self._clock = _NoWaiting()
        super().__init__(self._clock)

    def time(self):
        return self._clock.passed_seconds


class VirtualClock:
    """A clock whose seconds pass as the loop's do; it stands in for ``SteadyClock``."""

    def wall_seconds(self):
        return BEGAN_WALL_SECONDS + asyncio.get_running_loop().time()

    def second(self):
        return int(self.wall_seconds())

    def until(self, second):
        return max(0.0, second - self.wall_seconds())


def run_at_once(main):
    """Run a coroutine in virtual time; return what it returns."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)

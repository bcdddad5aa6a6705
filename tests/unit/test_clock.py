"""The clock by which all processes of a host count the same seconds."""

from types import SimpleNamespace

import pytest

from onionrig.movers import clock
from onionrig.movers.clock import READINGS, SteadyClock

AHEAD = 1_700_000_000.0


class Clocks:
    """Both clocks of a machine that holds a process up between some of the times it reads them."""

    def __init__(self, held_up):
        self.passed = 0.0
        self._held_up = dict(held_up)
        self._read = 0

    def monotonic(self):
        self.passed += self._held_up.get(self._read, 1e-7)
        self._read += 1
        return self.passed

    def time(self):
        return AHEAD + self.monotonic()


def steady(monkeypatch, held_up):
    clocks = Clocks(held_up)
    monkeypatch.setattr(
        clock, "time", SimpleNamespace(time=clocks.time, monotonic=clocks.monotonic)
    )
    return SteadyClock(), clocks


@pytest.mark.parametrize("read", range(3 * READINGS))
def test_a_process_that_is_held_up_while_it_reads_both_clocks_counts_no_shifted_seconds(
    monkeypatch, read
):
    steady_clock, clocks = steady(monkeypatch, {read: 5.0})
    assert steady_clock.wall_seconds() == pytest.approx(AHEAD + clocks.passed, abs=1e-5)


def test_a_step_of_the_wall_clock_neither_loses_nor_doubles_a_second(monkeypatch):
    steady_clock, clocks = steady(monkeypatch, {})
    before = steady_clock.wall_seconds()
    monkeypatch.setattr(clock.time, "time", lambda: AHEAD - 3600)
    clocks.passed += 1
    assert steady_clock.wall_seconds() - before == pytest.approx(1, abs=1e-5)


def test_what_is_left_until_a_second_is_never_negative(monkeypatch):
    steady_clock, _ = steady(monkeypatch, {})
    assert steady_clock.until(steady_clock.second() - 5) == 0
    assert steady_clock.until(steady_clock.second() + 5) == pytest.approx(5, abs=1e-3)

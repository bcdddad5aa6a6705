import pytest

from support.moved_clock import MovedClock


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves, in place of every mover's."""
    clock = MovedClock()
    for mover in ("sink", "dialler", "round_trips.pinger"):
        monkeypatch.setattr(f"onionrig.movers.{mover}.SteadyClock", lambda: clock)
    return clock

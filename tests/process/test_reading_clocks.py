"""A host's clock is read in a conversation with a shell of it, which has a deadline."""

import pytest

from onionrig.engine.ansible import clocks
from onionrig.engine.ansible.access import Access

pytestmark = pytest.mark.process

HERE = Access(name="here", destination=None)
ANSWERS_ONCE = "read -r line; date +%s.%N; exec sleep 3600"


def test_this_machines_clock_is_not_ahead_of_itself():
    reading = clocks.clock_reading(HERE)
    assert reading is not None
    assert abs(reading.ahead_seconds) <= reading.uncertainty_seconds + 0.01


def test_a_shell_that_says_nothing_is_ended_and_its_clock_counts_as_unread(monkeypatch):
    monkeypatch.setattr(clocks, "LOOP", "exec sleep 3600")
    monkeypatch.setattr(clocks, "TRIPS_SECONDS", 0.2)
    assert clocks.clock_reading(HERE) is None


def test_a_shell_that_falls_silent_is_ended_and_its_earlier_answers_count(monkeypatch):
    monkeypatch.setattr(clocks, "LOOP", ANSWERS_ONCE)
    monkeypatch.setattr(clocks, "TRIPS_SECONDS", 2)
    reading = clocks.clock_reading(HERE)
    # on a machine too busy to start a shell in time it counts as unread
    assert reading is None or abs(reading.ahead_seconds) <= reading.uncertainty_seconds + 0.01


def test_a_shell_that_outlives_its_input_is_ended(monkeypatch):
    # the evidence: the call returns
    monkeypatch.setattr(clocks, "LOOP", f"trap '' PIPE; {clocks.LOOP}; exec sleep 3600")
    monkeypatch.setattr(clocks, "TRIPS_SECONDS", 2)
    clocks.clock_reading(HERE)

"""Streams dial evenly over the ramp, and after failures at times that are bounded and their own."""

import itertools

import pytest

from onionrig.movers.pacing import first_dial_second, pause_seconds
from onionrig.records.streams.schedule import Schedule


def test_dials_are_spread_evenly_over_the_ramp():
    schedule = Schedule(ramp_second=100, hold_second=110, end_second=200, streams=4)

    dials = [first_dial_second(stream, schedule) for stream in range(4)]
    assert dials == [100.0, 102.5, 105.0, 107.5]


def test_without_a_ramp_all_streams_dial_at_once():
    schedule = Schedule(ramp_second=100, hold_second=100, end_second=200, streams=4)

    dials = {first_dial_second(stream, schedule) for stream in range(4)}
    assert dials == {100.0}


def test_pauses_double_from_half_a_second_and_stop_at_eight():
    pauses = [pause_seconds(0, failures=failures) for failures in range(1, 8)]

    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    assert pause_seconds(0, failures=10**6) == 4.0


@pytest.mark.parametrize(("failures", "longest"), [(1, 0.5), (3, 2.0), (50, 8.0)])
def test_streams_that_failed_together_spread_over_the_second_half_of_the_pause(failures, longest):
    pauses = sorted(pause_seconds(stream, failures=failures) for stream in range(100))

    assert longest / 2 <= pauses[0] < pauses[-1] < longest
    gaps = [after - before for before, after in itertools.pairwise(pauses)]
    assert max(gaps) < 3 * longest / 2 / 100


def test_a_streams_pause_is_the_same_in_every_run():
    assert pause_seconds(7, failures=2) == pause_seconds(7, failures=2)

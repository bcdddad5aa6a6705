"""What a fault cost the dials that began after it."""

import pytest

from onionrig.analysis.backends.dials import outage, patience_seconds
from onionrig.records.streams.transfers import Ending
from support.records.samples import RAMP, transfer

BEFORE = RAMP - 50.0


def dial(number=0, backend="backend-1", client="client-1", **more):
    whole = {"started": BEFORE, "verified": 8192, **more}
    return transfer(number, backend=backend, client=client, **whole)


def failing(number=0, ending=Ending.CONNECT_TIMEOUT, **more):
    whole = {"started": BEFORE, "verified": 0, "first_byte": None, **more}
    return transfer(number, backend=None, ending=ending, **whole)


def unfinished(number=0, **more):
    """A dial that was under way when the dialling was ended."""
    return failing(number, Ending.STILL_WAITING, **more)


def test_an_outage_lasts_until_the_last_dial_that_failed_began():
    found = outage(
        [
            failing(started=99.0),
            dial(started=99.5, first_byte=30.0),
            dial(started=100.5, first_byte=0.4),
            failing(started=101.0),
            dial(started=103.0, first_byte=6.0),
            failing(started=104.5, ending=Ending.CLOSED),
            dial(started=105.0, first_byte=7.5),
            unfinished(started=106.0, ended_after=2.0),
        ],
        100.0,
        patience_seconds=3.0,
    )
    assert (found.begun, found.failed, found.unfinished) == (6, 2, 1)
    assert found.last_failing_after_seconds == pytest.approx(4.5)
    assert found.worst_first_byte_seconds == 6.0
    assert found.highest_first_byte_seconds == 7.5


def test_a_fault_that_no_dial_notices_is_no_outage():
    found = outage(
        [failing(started=9.0), dial(started=11.0, first_byte=0.3)], 10.0, patience_seconds=3.0
    )
    assert (found.begun, found.failed) == (1, 0)
    assert found.last_failing_after_seconds is None
    assert found.worst_first_byte_seconds is None
    assert found.highest_first_byte_seconds == 0.3


def test_an_outage_of_which_nothing_is_known_is_empty():
    found = outage([], 10.0, patience_seconds=3.0)
    assert (found.begun, found.failed, found.highest_first_byte_seconds) == (0, 0, None)


@pytest.mark.parametrize("ending", [Ending.STILL_WAITING, Ending.RUN_ENDED])
def test_dials_that_the_end_cut_off_while_they_waited_in_vain_are_an_outage(ending):
    found = outage(
        [
            dial(started=100.5, first_byte=0.4),
            failing(ending=ending, started=101.0, ended_after=29.0),
            failing(ending=ending, started=110.0, ended_after=20.0),
            # a dial that comes so late has not had its chance
            failing(ending=ending, started=129.0, ended_after=1.0),
        ],
        100.0,
        patience_seconds=3.0,
    )
    assert (found.begun, found.failed, found.unfinished, found.waited_in_vain) == (4, 0, 3, 2)
    assert found.longest_wait_in_vain_seconds == 29
    assert found.last_failing_after_seconds == 10


def test_a_dial_that_was_cut_off_while_payload_came_is_no_outage():
    cut_off = dial(started=101.0, ending=Ending.RUN_ENDED, ended_after=29.0)
    found = outage([cut_off], 100.0, patience_seconds=3.0)
    assert (found.waited_in_vain, found.unfinished) == (0, 0)


def test_a_dial_is_given_as_long_as_the_slowest_took_before_anything_was_done():
    slow = dial(started=90.0, first_byte=6.0)
    overtaken_by_the_fault = dial(started=98.0, first_byte=20.0)
    assert patience_seconds([slow, overtaken_by_the_fault], 100.0) == 6
    assert patience_seconds([dial(started=90.0, first_byte=0.1)], 100.0) == 3
    assert patience_seconds([], 100.0) == 3

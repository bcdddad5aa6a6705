"""What makes a probe doubtful."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.probe.extent import Extent
from onionrig.probe.troubles import Meanwhile, troubles
from support.records.probes import board

QUIET = Meanwhile(cores=4, others_cores=0.02, stolen_share=0.0)
SHA3, GCM = ("sha3-256", 509), ("aes-256-gcm", 16384)


def found(*, before=(), after=(), meanwhile=QUIET, rounds=None, untimed=None):
    return troubles(
        board(throttling=before), board(throttling=after), meanwhile, rounds or {}, untimed or {}
    )


def test_a_quiet_steady_board_has_none():
    assert found(rounds={SHA3: [100e6, 105e6], GCM: [50e6, 50e6]}) == ()
    assert found(before=None, after=None) == ()


def test_what_was_there_since_boot_is_no_doubt_about_these_figures():
    old = ("under-voltage since boot",)
    assert found(before=old, after=old) == ()


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ((), ("throttled now", "throttled since boot"), "throttled meanwhile"),
        # it came and went while nobody looked
        ((), ("soft temperature limit since boot",), "soft temperature limit meanwhile"),
        (("under-voltage now",), (), "under-voltage meanwhile"),
        (
            ("under-voltage now",),
            ("under-voltage now", "throttled now"),
            "under-voltage, throttled",
        ),
    ],
)
def test_a_board_that_was_held_back_says_so(before, after, named):
    (trouble,) = found(before=before, after=after)
    assert f"the firmware reported {named}" in trouble


def test_other_processes_are_named_with_what_they_used():
    (trouble,) = found(meanwhile=Meanwhile(cores=4, others_cores=1.234, stolen_share=0.0))
    assert "other processes used 1.23 of 4 cores" in trouble


def test_time_that_a_virtual_machine_was_kept_waiting_is_said():
    (trouble,) = found(meanwhile=Meanwhile(cores=2, others_cores=0.0, stolen_share=0.31))
    assert "withheld 31 %" in trouble


def test_of_speeds_that_differ_the_worst_is_named():
    (trouble,) = found(
        rounds={SHA3: [100e6, 100e6], GCM: [80e6, 120e6], ("sha1", 509): [90.0, 110.0]}
    )
    assert trouble.startswith("2 of 3 speeds differed")
    assert "aes-256-gcm of 16384 bytes by 40 %" in trouble


def test_what_could_not_be_timed_is_named_with_the_reason():
    assert found(untimed={SHA3: "openssl said: no"}) == (
        "sha3-256 of 509 bytes could not be timed: openssl said: no",
    )


@given(st.lists(st.floats(min_value=1.0, max_value=1e12), min_size=1, max_size=4))
def test_rounds_are_a_trouble_where_they_differ_by_more_than_a_tenth_of_their_mean(speeds):
    mean = sum(speeds) / len(speeds)
    if abs(max(speeds) - min(speeds) - 0.1 * mean) > 1e-6 * mean:
        assert bool(found(rounds={SHA3: speeds})) == (max(speeds) - min(speeds) > 0.1 * mean)


def test_all_of_it_takes_less_than_half_a_minute_of_measuring():
    assert Extent().seconds < 30

"""What is said to have followed each thing that was done to the rig."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.load.aftermath import aftermaths
from onionrig.analysis.load.loads import load_of
from onionrig.analysis.result import analyse, results_by_load
from support.records.events import finished, happened, held, listed, scheduled
from support.records.recordings import recording
from support.records.samples import HOLD, RAMP, dial, failed_dial, sink_sample

EVEN = [100] * 30


def followed(sizes, *events, dials=()):
    """What followed the events of a hold in which so many bytes came in each second."""
    samples = [sink_sample(HOLD + at, {"backend-1": size}) for at, size in enumerate(sizes)]
    whole = recording(samples, events=events, dials=dials)
    return aftermaths(load_of(whole))


# Goodput


def test_a_run_to_which_nothing_was_done_has_no_aftermath():
    assert followed(EVEN) == ()


def test_goodput_before_at_its_lowest_and_until_it_is_as_before():
    #        0    1    2    3    4  | 5   6   7   8   9  10  11  12
    sizes = [0, 110, 100, 90, 100, 40, 50, 95, 80, 95, 91, 95, 20, *[95] * 9]
    (found,) = followed(sizes, happened("kill", "backend-1", 5.02))
    assert (found.verb, found.subject) == ("kill", "backend-1")
    assert found.at_seconds == pytest.approx(5.02)
    assert found.lasted_seconds == pytest.approx(22 - 5.02)
    assert found.before_bits_per_second == 8 * 400 / 5
    assert found.lowest_bits_per_second == 8 * 20
    # 90 % of 80 is 72: the first three such seconds in a row begin with the seventh
    assert found.recovered_after_seconds == pytest.approx(7 - 5.02)


def test_two_good_seconds_are_not_enough():
    sizes = [*[100] * 5, 0, 90, 90, 0, 90, 90, 90, *[0] * 8]
    (found,) = followed(sizes, happened("kill", "backend-1", 5.0))
    assert found.recovered_after_seconds == pytest.approx(9 - 5)


def test_what_never_fell_is_as_before_at_once():
    for at in (10.0, 10.02, 10.6):
        (found,) = followed(EVEN, happened("kill", "balancer", at))
        assert found.recovered_after_seconds == 0


def test_what_stays_low_never_is_as_before():
    (found,) = followed([*[100] * 10, *[89] * 10], happened("kill", "backend-1", 10.02))
    assert found.recovered_after_seconds is None
    assert found.lowest_bits_per_second == 8 * 89


def test_a_second_that_was_half_over_belongs_to_neither_side():
    sizes = [*[100] * 10, 3, *[50] * 10]
    (found,) = followed(sizes, happened("kill", "backend-1", 10.5))
    assert found.before_bits_per_second == 800
    assert found.lowest_bits_per_second == 8 * 50


def test_before_needs_five_seconds_of_the_hold():
    (found,) = followed(EVEN, happened("kill", "backend-1", 4.9))
    assert found.before_bits_per_second is None
    assert found.recovered_after_seconds is None
    assert found.lowest_bits_per_second == 800


def test_after_nothing_no_rate_is_as_before():
    (found,) = followed([0] * 20, happened("kill", "balancer", 10.0))
    assert found.before_bits_per_second == 0
    assert found.recovered_after_seconds is None


def test_a_start_is_held_against_what_came_before_the_end():
    sizes = [*[100] * 10, *[0] * 12, *[100] * 8]
    killed, started = followed(
        sizes, happened("kill", "backend-1", 10.0), happened("start", "backend-1", 20.0)
    )
    assert killed.recovered_after_seconds is None
    assert killed.lasted_seconds == 10
    assert started.before_bits_per_second == 800
    assert started.recovered_after_seconds == 2


def test_one_that_hung_before_it_was_killed_is_held_against_what_came_before_it_hung():
    sizes = [*[100] * 10, *[50] * 10, *[20] * 10]
    *_, started = followed(
        sizes,
        happened("hang", "backend-1", 10.0),
        happened("kill", "backend-1", 20.0),
        happened("start", "backend-1", 25.0),
    )
    assert started.before_bits_per_second == 800


def test_a_start_that_undoes_nothing_is_held_against_its_own_five_seconds():
    sizes = [*[100] * 10, *[50] * 10, *[20] * 10]
    (found,) = followed(sizes, happened("start", "backend-1", 20.0))
    assert found.before_bits_per_second == 400


def test_nothing_is_held_against_goodput_that_an_earlier_fault_had_already_taken():
    sizes = [*[100] * 5, *[60] * 5, *[10] * 5, *[10] * 15]
    found = followed(
        sizes,
        happened("kill", "relay-1", 5.01),
        happened("hang", "relay-2", 10.01),
        happened("kill", "relay-3", 15.01),
    )
    assert [each.before_bits_per_second for each in found] == [800] * 3
    assert [each.recovered_after_seconds for each in found] == [None] * 3


@pytest.mark.parametrize(
    ("sizes", "before"),
    [
        # as before again, so that what there was then counts
        ([*[100] * 10, *[0] * 8, *[96] * 12], 96),
        # the service is back, but its streams are not
        ([*[100] * 10, *[0] * 8, *[60] * 12], 100),
    ],
)
def test_once_all_is_back_and_goodput_with_it_a_fault_has_five_seconds_of_its_own(sizes, before):
    *_, found = followed(
        sizes,
        happened("kill", "backend-1", 10.0),
        happened("start", "backend-1", 15.0),
        happened("kill", "backend-2", 25.0),
    )
    assert found.before_bits_per_second == 8 * before


@pytest.mark.parametrize("back_at", [12.0, 20.5])
def test_five_seconds_in_which_something_was_away_are_not_undisturbed(back_at):
    *_, found = followed(
        [*[100] * 10, *[95] * 20],
        happened("hang", "balancer", 10.0),
        happened("resume", "balancer", back_at),
        happened("kill", "backend-2", min(back_at + 4, 25.0)),
    )
    assert found.before_bits_per_second == 800


def test_a_link_that_was_given_another_rate_has_it_from_then_on():
    _, found = followed(
        [*[100] * 10, *[95] * 20],
        happened("link_rate", "pi1", 10.0, bits_per_second=1e6),
        happened("kill", "backend-2", 20.0),
    )
    assert found.before_bits_per_second == 800


def test_where_the_first_comes_too_soon_the_next_has_its_own_once_all_is_back():
    early, _, late = followed(
        EVEN,
        happened("kill", "backend-1", 2.0),
        happened("start", "backend-1", 5.0),
        happened("kill", "backend-2", 20.0),
    )
    assert early.before_bits_per_second is None
    assert late.before_bits_per_second == 800


def test_in_a_hold_that_began_without_what_an_earlier_one_had_ended_nothing_was_undisturbed():
    told, samples = [], []
    for number in range(2):
        load = scheduled(hold_seconds=12, ramp=RAMP + 40 * number)
        told += [load, happened("kill", "backend-1", 40 * number + 6.0), held()]
        samples += [sink_sample(load.hold_second + at, {"backend-2": 9}) for at in range(12)]
    whole = recording(samples, loads=[], events=[*told, finished()], done=False)
    first, second = (one.aftermaths[0] for one in results_by_load(whole))
    assert first.before_bits_per_second == 72
    assert second.before_bits_per_second is None


# Which events, and for how long each is looked at


def test_only_what_was_done_in_the_hold_counts():
    times = (-0.01, 0.0, 29.99, 30.0)
    found = followed(EVEN, *(happened("kill", "balancer", at) for at in times))
    assert [each.at_seconds for each in found] == pytest.approx([0.0, 29.99])


def test_each_is_looked_at_until_the_next():
    sizes = [*[100] * 10, *[70] * 5, *[30] * 15]
    first, second = followed(
        sizes, happened("kill", "backend-1", 10.0), happened("kill", "backend-2", 15.0)
    )
    assert (first.lasted_seconds, second.lasted_seconds) == (5, 15)
    assert (first.lowest_bits_per_second, second.lowest_bits_per_second) == (8 * 70, 8 * 30)


def test_two_at_the_same_moment_leave_the_first_no_time():
    first, second = followed(
        EVEN, happened("kill", "backend-1", 10.0), happened("kill", "backend-2", 10.01)
    )
    assert first.lowest_bits_per_second is None
    assert first.recovered_after_seconds is None
    assert second.lowest_bits_per_second == 800


def test_each_load_has_its_own_and_an_earlier_ones_end_lasts():
    told, samples = [], []
    for number, subject in enumerate(("backend-1", "relay-1")):
        load = scheduled(hold_seconds=12, ramp=RAMP + 40 * number)
        told += [load, happened("kill", subject, 40 * number + 6.0), held()]
        samples += [sink_sample(load.hold_second + at, {"backend-2": 9}) for at in range(12)]
    whole = recording(samples, loads=[], events=[*told, finished()], done=False)
    first, second = results_by_load(whole)
    assert [each.subject for each in first.aftermaths] == ["backend-1"]
    assert [each.subject for each in second.aftermaths] == ["relay-1"]
    assert second.aftermaths[0].at_seconds == 6
    reasons = [starved.reason for one in (first, second) for starved in one.fairness.starved]
    assert reasons == [
        (
            "it was killed, as the experiment asked, and it did not answer for 6 of the 12 s; no "
            "stream "
            "chose it: client tors pick introduction points at random"
        ),
        "it was killed, as the experiment asked, and it did not answer for all of the hold",
    ]


# The address's descriptors


BOTH = ("backend-1", "backend-2")


def test_one_that_is_killed_leaves_the_descriptors_and_one_that_is_started_comes_back():
    killed, started = followed(
        EVEN,
        listed(-4.0, *BOTH),
        happened("kill", "backend-1", 5.0),
        listed(8.75, "backend-2"),
        happened("start", "backend-1", 15.0),
        listed(22.5, *BOTH),
    )
    assert killed.listed_after_seconds == 3.75
    assert started.listed_after_seconds == 7.5


@pytest.mark.parametrize("verb", ["kill", "stop", "hang"])
def test_one_that_stays_in_the_descriptors_never_left_them(verb):
    (found,) = followed(EVEN, listed(-4.0, *BOTH), happened(verb, "backend-1", 5.0))
    assert found.listed_after_seconds is None


def test_one_that_comes_back_before_the_descriptors_changed_has_no_change_due():
    _, resumed = followed(
        EVEN,
        listed(-4.0, *BOTH),
        happened("hang", "backend-1", 5.0),
        happened("resume", "backend-1", 7.0),
        listed(9.0, "backend-2"),
        listed(11.0, *BOTH),
    )
    assert resumed.listed_after_seconds is None


def test_the_balancer_stands_in_no_descriptor():
    for verb in ("kill", "start"):
        (found,) = followed(
            EVEN, listed(-4.0, *BOTH), happened(verb, "balancer", 5.0), listed(9.0, "backend-2")
        )
        assert found.listed_after_seconds is None


def test_a_change_counts_although_something_else_was_done_meanwhile():
    first, second = followed(
        EVEN,
        listed(-4.0, *BOTH, "backend-3"),
        happened("kill", "backend-1", 5.0),
        happened("kill", "backend-2", 7.0),
        listed(9.0, "backend-2", "backend-3"),
        listed(10.0, "backend-3"),
    )
    assert first.listed_after_seconds == 4
    assert second.listed_after_seconds == 3


def test_a_change_after_it_was_undone_is_not_its_own():
    killed, _ = followed(
        EVEN,
        listed(-4.0, *BOTH),
        happened("kill", "backend-1", 5.0),
        happened("start", "backend-1", 8.0),
        listed(9.0, "backend-2"),
    )
    assert killed.listed_after_seconds is None


def test_where_nobody_watched_nothing_is_said_of_the_descriptors():
    (found,) = followed(EVEN, happened("kill", "backend-1", 5.0))
    assert found.listed_after_seconds is None


# New streams


def test_dials_are_those_that_began_between_it_and_the_next():
    first, second = followed(
        EVEN,
        happened("kill", "backend-1", 10.0),
        happened("start", "backend-1", 20.0),
        dials=[
            failed_dial(9.9),
            dial(10.0, first_byte=2.0),
            failed_dial(11.0),
            failed_dial(13.5),
            dial(14.0, first_byte=7.0),
            failed_dial(20.0),
            dial(29.0, first_byte=0.25),
        ],
    )
    assert (first.dials.begun, first.dials.failed) == (4, 2)
    assert first.dials.last_failing_after_seconds == 3.5
    assert first.dials.worst_first_byte_seconds == 2.0
    assert first.dials.highest_first_byte_seconds == 7.0
    assert (second.dials.begun, second.dials.failed) == (2, 1)
    assert second.dials.last_failing_after_seconds == 0


def test_the_result_has_them():
    samples = [sink_sample(HOLD + at, {"backend-1": 9}) for at in range(12)]
    whole = recording(samples, events=[happened("stop", "relay-1", 6.0)])
    (found,) = analyse(whole).aftermaths
    assert (found.verb, found.subject, found.dials.begun) == ("stop", "relay-1", 0)


TIMES = st.floats(0, 29.99).map(lambda at: round(at, 2))
VERBS = st.sampled_from(["kill", "hang", "stop"])


@given(
    st.lists(st.integers(0, 120), min_size=30, max_size=30),
    st.lists(st.tuples(TIMES, VERBS), min_size=1, max_size=5),
    st.lists(st.tuples(TIMES, st.booleans()), max_size=30),
)
def test_whatever_happens_the_stretches_make_up_the_hold_and_no_dial_is_lost(
    sizes, events, dialled
):
    events = sorted(events)
    found = followed(
        sizes,
        *(happened(verb, f"backend-{number}", at) for number, (at, verb) in enumerate(events)),
        dials=[dial(at) if serves else failed_dial(at) for at, serves in dialled],
    )
    first = events[0][0]
    assert sum(each.lasted_seconds for each in found) == pytest.approx(30 - first)
    assert sum(each.dials.begun for each in found) == sum(at >= first for at, _ in dialled)
    for each in found:
        if each.recovered_after_seconds is not None:
            assert 0 <= each.recovered_after_seconds <= each.lasted_seconds
            begin = max(round(each.at_seconds + each.recovered_after_seconds), 0)
            if each.recovered_after_seconds:
                row = sizes[begin : begin + 3]
                assert min(row) * 8 >= 0.9 * each.before_bits_per_second - 1e-6

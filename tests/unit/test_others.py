"""CPU of processes outside the rig, which may be the rig's before anybody says so."""

from hypothesis import given
from hypothesis import strategies as st

from onionrig.movers.sampler.others import OutsideCpu, interrupt_threads
from support.files import lay_out

NOBODY = frozenset()


def test_what_was_used_before_the_first_reading_does_not_count():
    outside = OutsideCpu()
    assert outside.take({1: 1000.0, 2: 5.0}, rig=NOBODY) == 0
    assert outside.take({1: 1001.5, 2: 5.0}, rig=NOBODY) == 1.5


def test_a_process_of_the_rig_never_counts_although_it_is_listed_late():
    outside = OutsideCpu()
    outside.take({1: 0.0}, rig=NOBODY)
    assert outside.take({1: 0.0, 7: 0.8}, rig=NOBODY) == 0
    assert outside.take({1: 0.0, 7: 5.0}, rig={7}) == 0
    assert outside.take({1: 0.0}, rig={7}) == 0


def test_a_process_that_was_listed_and_ended_between_two_readings_does_not_count():
    outside = OutsideCpu()
    outside.take({}, rig=NOBODY)
    assert outside.take({7: 0.8}, rig=NOBODY) == 0
    assert outside.take({}, rig={7}) == 0


def test_a_process_that_joins_the_rig_after_it_has_counted_takes_its_time_with_it():
    outside = OutsideCpu()
    outside.take({7: 10.0}, rig=NOBODY)
    assert outside.take({7: 12.0}, rig=NOBODY) == 2
    assert outside.take({7: 13.0}, rig={7}) == 0


def test_a_new_process_counts_whole_once_it_is_seen_again_or_has_gone():
    outside = OutsideCpu()
    outside.take({}, rig=NOBODY)
    assert outside.take({7: 0.8, 8: 0.25}, rig=NOBODY) == 0
    assert outside.take({7: 2.0}, rig=NOBODY) == 2.25
    assert outside.take({}, rig=NOBODY) == 2.25


def test_a_process_id_that_goes_to_another_process_counts_for_both():
    outside = OutsideCpu()
    outside.take({7: 100.0}, rig=NOBODY)
    assert outside.take({7: 103.0}, rig=NOBODY) == 3
    assert outside.take({7: 0.5}, rig=NOBODY) == 3
    assert outside.take({7: 1.5}, rig=NOBODY) == 4.5


def test_what_the_kernel_does_for_interfaces_is_nobodys(tmp_path):
    lay_out(
        tmp_path,
        {
            "13/comm": "ksoftirqd/0\n", "25/comm": "ksoftirqd/1\n",
            "2/comm": "kthreadd\n", "700/comm": "ksoft\n", "self/comm": "python\n",
        },
    )  # fmt: skip
    (tmp_path / "900").mkdir()  # it has ended, or may not be looked at
    assert interrupt_threads(tmp_path) == {13, 25}


READINGS = 6
LAST = READINGS - 1
LIVES = st.lists(
    st.tuples(
        st.integers(0, LAST),  # the reading it is first seen at
        st.lists(st.integers(0, 9), min_size=1, max_size=READINGS),  # what it uses before each
        st.none() | st.integers(0, READINGS),  # the reading by which it is listed as the rig's
    ).filter(lambda life: life[2] is None or life[2] <= life[0] + len(life[1])),
    max_size=8,
)


@given(LIVES)
def test_every_second_of_cpu_counts_once_or_not_at_all(lives):
    outside = OutsideCpu()
    sums = []
    for reading in range(READINGS):
        used = {
            pid: float(sum(uses[: reading - born + 1]))
            for pid, (born, uses, _) in enumerate(lives)
            if born <= reading < born + len(uses)
        }
        listed = {pid for pid, (_, _, by) in enumerate(lives) if by is not None and by <= reading}
        sums.append(outside.take(used, rig=listed))
    outsiders = [
        (born, uses[: READINGS - born])
        for born, uses, by in lives
        if (by is None or by > LAST) and born < LAST  # one new at the last reading may be the rig's
    ]
    assert sums[-1] == sum(sum(uses) - (uses[0] if born == 0 else 0) for born, uses in outsiders)
    if all(by is None for *_, by in lives):
        assert sums == sorted(sums)

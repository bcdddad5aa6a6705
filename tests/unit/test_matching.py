"""Nothing is given to two, and as many as possible are given something."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from onionrig.balancer.extended.matching import distinct

WISHES = st.lists(st.lists(st.integers(0, 5), max_size=4, unique=True), max_size=5)


def most_served(wishes):
    """Return how many can have one thing each, by trying everything."""
    most = 0
    for picks in itertools.product(*([None, *mine] for mine in wishes)):
        picked = [pick for pick in picks if pick is not None]
        if len(set(picked)) == len(picked):
            most = max(most, len(picked))
    return most


@given(WISHES, st.integers(1, 3))
def test_everyone_gets_only_their_own_wishes_and_no_two_get_the_same(wishes, each):
    given_out = distinct(wishes, most_each=each)
    flat = [thing for things in given_out for thing in things]
    assert len(set(flat)) == len(flat)
    for mine, things in zip(wishes, given_out, strict=True):
        assert set(things) <= set(mine)
        assert len(things) <= each


@given(WISHES, st.integers(1, 3))
def test_as_many_as_possible_get_something(wishes, each):
    given_out = distinct(wishes, most_each=each)
    assert sum(bool(things) for things in given_out) == most_served(wishes)


def test_a_later_wish_moves_an_earlier_one_to_something_else():
    assert distinct([["a", "b"], ["a"]], most_each=1) == [["b"], ["a"]]


def test_everyone_has_two_where_there_are_two_for_everyone():
    tight = [["a", "b", "c"], ["b", "c", "d"], ["c", "d", "e"]]
    assert sorted(len(things) for things in distinct(tight, most_each=2)) == [1, 2, 2]
    tight[2].append("f")
    assert [len(things) for things in distinct(tight, most_each=2)] == [2, 2, 2]

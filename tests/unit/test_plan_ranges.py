"""Ranges hold whatever their parts may be."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from onionrig.plan.ranges import (
    around,
    at_most,
    exactly,
    least,
    minus,
    no_narrower,
    over,
    plus,
    spanning,
    times,
)
from onionrig.records.plan import Range

QUANTITIES = st.floats(min_value=1e-6, max_value=1e12)


@st.composite
def ranges_with_a_member(draw):
    lowest, likely, highest = sorted(draw(QUANTITIES) for _ in range(3))
    part = draw(st.floats(min_value=0, max_value=1))
    member = min(max(lowest + part * (highest - lowest), lowest), highest)
    return Range(lowest=lowest, likely=likely, highest=highest), member


def holds(a_range, value):
    slack = 1e-9 * abs(value)
    return a_range.lowest - slack <= value <= a_range.highest + slack


def in_order(a_range):
    slack = 1e-9 * abs(a_range.highest)
    return a_range.lowest <= a_range.likely + slack and a_range.likely <= a_range.highest + slack


@given(ranges_with_a_member(), ranges_with_a_member())
def test_a_result_holds_every_result_of_members(first, second):
    (a, x), (b, y) = first, second
    assert holds(times(a, b), x * y)
    assert holds(over(a, b), x / y)
    assert holds(plus(a, b), x + y)
    assert holds(least(a, b), min(x, y))


@given(ranges_with_a_member(), ranges_with_a_member())
def test_the_likely_value_lies_between_the_ends(first, second):
    (a, _), (b, _) = first, second
    results = times(a, b), over(a, b), plus(a, b), least(a, b), times(a, 0.5)
    assert all(in_order(result) for result in results)


@given(st.lists(QUANTITIES, min_size=1, max_size=9))
def test_what_was_measured_several_times_spans_all_of_it(values):
    spanned = spanning(values)
    assert all(holds(spanned, value) for value in values)
    below = sum(value < spanned.likely for value in values)
    above = sum(value > spanned.likely for value in values)
    assert below <= len(values) / 2 >= above


@given(QUANTITIES, QUANTITIES)
def test_figures_without_spread_give_one_without(a, b):
    assume(math.isfinite(a / b))
    quotient = over(exactly(a), b)
    assert quotient.lowest == quotient.likely == quotient.highest == pytest.approx(a / b)


def test_a_spread_is_a_share_of_the_value():
    assert around(40, 0.25) == Range(lowest=30, likely=40, highest=50)


def test_what_cannot_be_more_than_a_limit_is_cut_there():
    assert at_most(1.0, Range(lowest=0.8, likely=0.9, highest=1.2)) == Range(
        lowest=0.8, likely=0.9, highest=1.0
    )


def test_what_is_smaller_than_its_part_leaves_nothing():
    left = minus(Range(lowest=1, likely=2, highest=5), Range(lowest=1, likely=3, highest=4))
    assert (left.lowest, left.likely, left.highest) == (0, 0, 4)


def test_a_narrow_figure_is_widened_and_a_wide_one_left():
    narrow = no_narrower(Range(lowest=9.9, likely=10, highest=13), 0.1)
    assert (narrow.lowest, narrow.likely, narrow.highest) == (9, 10, 13)

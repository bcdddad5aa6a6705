"""What chance makes of shares, against drawing it: by every outcome, or by many of them."""

import functools
import itertools
import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.backends.chance import jain_by_chance, smallest_by_chance

REPETITIONS = 800

EVEN = [
    (2400, [1 / 24] * 24),
    (800, [1 / 8] * 8),
    (100, [0.5, 0.5]),
    (60, [1 / 60] * 60),
]
UNEVEN = [
    (800, [0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1]),
    (400, [0.4, 0.2, 0.2, 0.2]),
    (1000, [0.05] * 10 + [0.5]),
]


def counts(draws, probabilities, chance):
    drawn = Counter(chance.choices(range(len(probabilities)), probabilities, k=draws))
    return [drawn[index] for index in range(len(probabilities))]


def jains_index(several):
    """By its definition: the square of the mean over the mean of the squares."""
    mean = sum(several) / len(several)
    return mean**2 / (sum(each**2 for each in several) / len(several))


@functools.cache
def drawn_often(draws, probabilities):
    chance = random.Random(7)  # noqa: S311 - a simulation, the same each time
    return [counts(draws, probabilities, chance) for _ in range(REPETITIONS)]


def simulated(figure, draws, probabilities):
    return sorted(figure(several) for several in drawn_often(draws, tuple(probabilities)))


def between(found, values):
    return sum(found.low <= value <= found.high for value in values) / len(values)


@pytest.mark.parametrize(("draws", "probabilities"), EVEN + UNEVEN)
def test_jains_index_by_chance_is_that_of_drawing(draws, probabilities):
    drawn = simulated(jains_index, draws, probabilities)
    found = jain_by_chance(draws, probabilities)
    assert found.expected == pytest.approx(sum(drawn) / len(drawn), rel=0.015)
    assert 0.82 <= between(found, drawn) <= 0.97
    spread = drawn[-1] - drawn[0]
    assert found.low == pytest.approx(drawn[len(drawn) // 20], abs=0.1 * spread)
    assert found.high == pytest.approx(drawn[-len(drawn) // 20], abs=0.1 * spread)


@pytest.mark.parametrize(("draws", "probabilities"), EVEN + UNEVEN)
def test_the_smallest_share_by_chance_is_that_of_drawing(draws, probabilities):
    def smallest(several):
        return min(several) * len(several) / draws

    drawn = simulated(smallest, draws, probabilities)
    found = smallest_by_chance(draws, probabilities)
    assert found.expected == pytest.approx(sum(drawn) / len(drawn), abs=0.03)
    assert found.low == pytest.approx(drawn[len(drawn) // 20], abs=0.05)
    assert found.high == pytest.approx(drawn[-len(drawn) // 20], abs=0.05)


@pytest.mark.parametrize("weights", [(1, 1), (1, 2), (1, 1, 1), (3, 1, 2)])
@pytest.mark.parametrize("draws", [1, 2, 5])
def test_the_mean_sum_of_squares_is_that_of_every_outcome(weights, draws):
    parts = [weight / sum(weights) for weight in weights]
    mean = sum(
        math.prod(parts[each] for each in outcome)
        * sum(times**2 for times in Counter(outcome).values())
        for outcome in itertools.product(range(len(parts)), repeat=draws)
    )
    found = jain_by_chance(draws, parts)
    assert found.expected == pytest.approx(draws**2 / (len(parts) * mean))


def test_six_clients_that_draw_among_three_descriptors_are_seldom_even():
    drawn = simulated(jains_index, 6, [1 / 3] * 3)
    found = jain_by_chance(6, [1 / 3] * 3)
    assert found.expected == pytest.approx(6 / 8)
    assert found.expected == pytest.approx(sum(drawn) / len(drawn), abs=0.05)
    # six clients can only fall in seven ways
    assert found.low == pytest.approx(drawn[len(drawn) // 20], abs=0.06)


def test_without_a_draw_nothing_is_expected():
    assert jain_by_chance(0, [0.5, 0.5]) is None
    assert smallest_by_chance(0, [0.5, 0.5]) is None


def test_a_single_one_gets_all():
    for found in (jain_by_chance(50, [1.0]), smallest_by_chance(50, [1.0])):
        assert (found.low, found.expected, found.high) == pytest.approx((1.0, 1.0, 1.0))


def test_a_single_draw_reaches_one_of_them():
    assert jain_by_chance(1, [0.25] * 4).expected == 0.25
    assert smallest_by_chance(1, [0.25] * 4).high == 0


@given(
    draws=st.integers(1, 100_000),
    weights=st.lists(st.integers(1, 20), min_size=1, max_size=40),
)
def test_whatever_is_drawn_the_figures_are_in_order_and_in_bounds(draws, weights):
    parts = [weight / sum(weights) for weight in weights]
    index = jain_by_chance(draws, parts)
    assert 1 / len(parts) <= index.low * (1 + 1e-9)
    assert index.low <= index.high <= min(1, draws / len(parts)) * (1 + 1e-9)
    assert 1 / len(parts) <= index.expected * (1 + 1e-9)
    smallest = smallest_by_chance(min(draws, 5000), parts)
    assert 0 <= smallest.low <= smallest.high <= 1
    assert 0 <= smallest.expected <= 1

"""Comparisons of equals are silent, and true differences are found."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from onionrig.analysis.several_runs.beforehand import (
    COST_OF_NETWORKS,
    RATE_OF_NETWORKS,
    least_shown,
)
from onionrig.analysis.several_runs.judging import (
    DEFAULT_PAIRS,
    FEWEST_PAIRS,
    Compared,
    judged,
)
from onionrig.analysis.several_runs.known_within import needed_for
from onionrig.analysis.several_runs.unpaired import FEWEST_REPETITIONS, judged_apart
from onionrig.views.summary.comparison import comparison_ahead

DRAWN = 2000
"""Comparisons of equals that are drawn: enough to tell 5 % from 6 %."""
DRAWN_SERIES = 600
EVERYTHING = "CPU-s per Gbit, everything"


RECORDED = (
    # Mbit/s and CPU-s per Gbit (of backends, and of relays) of two networks with equal settings,
    # which ran in turn: holds of 15 s, on a machine whose speed moved meanwhile
    ((119, 128), (3.05, 2.85)),
    ((137, 163), (2.47, 2.31)),
    ((145, 147), (2.56, 2.38)),
    ((190, 142), (1.94, 2.57)),
    ((124, 141), (2.82, 2.54)),
    ((187, 168), (5.38, 5.83)),
    ((200, 187), (4.54, 4.94)),
)


class Draw:
    """Draws networks whose figures spread as those of the recorded ones do."""

    def __init__(self, seed, *, heavy=False):
        self._random = random.Random(seed)  # noqa: S311 - a seed that makes the test repeatable
        self._heavy = heavy

    def about(self, spread):
        if not self._heavy:
            return self._random.gauss(0, spread)
        # Student's t with three degrees of freedom: tails far beyond the normal distribution's
        squares = sum(self._random.gauss(0, 1) ** 2 for _ in range(3))
        return self._random.gauss(0, spread) / math.sqrt(squares)

    def network(self, costlier=1.0):
        """One network drawn again: its costs move together, and its rate against them."""
        dear = self.about(COST_OF_NETWORKS * 0.9) + math.log(costlier)
        own = COST_OF_NETWORKS * 0.6
        relay, client, backend = (math.exp(dear + self.about(own)) for _ in range(3))
        rate = math.exp(self.about(RATE_OF_NETWORKS * 0.9) - dear)
        return {
            "sustained rate": rate,
            "median second": rate * math.exp(self.about(0.02)),
            EVERYTHING: 0.6 * relay + 0.2 * client + 0.2 * backend,
            "relay": relay,
            "client": client,
            "backend": backend,
            "first byte": math.exp(self.about(0.25)),
            "round trip": math.exp(self.about(0.15)) / math.sqrt(rate),
            "fairness": 1 - min(0.5, abs(self.about(0.05))),
        }

    def recorded(self):
        """A pair of recorded networks, either of which may have been A."""
        (rates, costs), first = self._random.choice(RECORDED), self._random.choice((0, 1))
        return tuple(
            {"sustained rate": rates[side], EVERYTHING: costs[side]} for side in (first, 1 - first)
        )

    def speed(self):
        """A machine of two speeds, which is nothing like a normal distribution."""
        speed = self._random.choice((1.0, 1.6)) * self._random.uniform(0.999, 1.001)
        return {"sustained rate": speed, EVERYTHING: 1 / speed}


def differing(a, b, *, judge=judged):
    """Return which figures a comparison of such networks shows as different."""
    figures = [
        Compared(
            what=what,
            unit="",
            a=tuple(network[what] for network in a),
            b=tuple(network[what] for network in b),
        )
        for what in a[0]
    ]
    ratios = judge(figures)
    return {ratio.what for ratio in ratios if ratio.verdict in {"higher", "lower"}}


@pytest.mark.parametrize("heavy", [False, True], ids=["normal", "heavy tails"])
@pytest.mark.parametrize("pairs", [FEWEST_PAIRS, DEFAULT_PAIRS, 12])
def test_nineteen_of_twenty_comparisons_of_equals_are_silent(pairs, heavy):
    draw = Draw(pairs, heavy=heavy)
    shown = [
        differing(*([draw.network() for _ in range(pairs)] for _ in "ab")) for _ in range(DRAWN)
    ]
    assert sum(not figures for figures in shown) >= 0.95 * DRAWN


@pytest.mark.parametrize("pairs", [FEWEST_PAIRS, DEFAULT_PAIRS])
def test_nineteen_of_twenty_comparisons_of_recorded_equals_are_silent(pairs):
    draw = Draw(5)
    shown = []
    for _ in range(DRAWN):
        a, b = zip(*(draw.recorded() for _ in range(pairs)), strict=True)
        shown.append(differing(a, b))
    assert sum(not figures for figures in shown) >= 0.95 * DRAWN


@pytest.mark.parametrize("heavy", [False, True], ids=["normal", "heavy tails"])
@pytest.mark.parametrize("counts", [(FEWEST_REPETITIONS, FEWEST_REPETITIONS), (4, 12), (9, 7)])
def test_nineteen_of_twenty_comparisons_of_equal_series_are_silent(counts, heavy):
    draw = Draw(6, heavy=heavy)
    shown = [
        differing(*([draw.network() for _ in range(count)] for count in counts), judge=judged_apart)
        for _ in range(DRAWN_SERIES)
    ]
    assert sum(not figures for figures in shown) >= 0.95 * DRAWN_SERIES


def test_series_that_ended_when_their_rate_was_known_are_silent_as_well():
    """The number of repetitions depends on what the first ones measured."""
    draw = Draw(7)

    def series():
        first = [draw.network() for _ in range(FEWEST_REPETITIONS)]
        spread = statistics.stdev(math.log(network["sustained rate"]) for network in first)
        needed = needed_for(spread, 0.15, first_stage=FEWEST_REPETITIONS)
        return first + [draw.network() for _ in range(min(needed, 30) - len(first))]

    shown = [differing(series(), series(), judge=judged_apart) for _ in range(DRAWN_SERIES)]
    assert sum(not figures for figures in shown) >= 0.95 * DRAWN_SERIES


def test_equal_series_on_a_machine_of_two_speeds_are_silent():
    draw = Draw(8)
    shown = [
        differing(*([draw.speed() for _ in range(4)] for _ in "ab"), judge=judged_apart)
        for _ in range(DRAWN)
    ]
    assert sum(not figures for figures in shown) >= 0.95 * DRAWN


def test_equals_on_a_machine_of_two_speeds_are_silent():
    draw = Draw(3)
    shown = [
        differing(*([draw.speed() for _ in range(FEWEST_PAIRS)] for _ in "ab"))
        for _ in range(DRAWN)
    ]
    assert sum(not figures for figures in shown) >= 0.95 * DRAWN


def test_a_difference_of_fifteen_percent_in_cost_is_found_by_default_in_nine_of_ten():
    draw = Draw(4)
    shown = [
        differing(
            [draw.network() for _ in range(DEFAULT_PAIRS)],
            [draw.network(costlier=1.15) for _ in range(DEFAULT_PAIRS)],
        )
        for _ in range(DRAWN)
    ]
    assert sum(EVERYTHING in figures for figures in shown) >= 0.9 * DRAWN


def test_what_the_default_finds_is_within_fifteen_percent_of_cost_and_is_said_beforehand():
    assert least_shown(COST_OF_NETWORKS, pairs=DEFAULT_PAIRS) <= 0.15
    ahead = comparison_ahead(DEFAULT_PAIRS, seconds=1800, networks=True, holds_seconds=[60, 60])
    assert ahead.startswith("10 pairs on 20 networks, about 30 min; ")
    assert "finds a difference of 15 % in cost and 26 % in rate in nine out of ten" in ahead


def test_too_few_pairs_to_show_anything_are_said_beforehand():
    ahead = comparison_ahead(3, seconds=600, networks=True, holds_seconds=[60, 60])
    assert "fewer than 6 pairs cannot show a difference, however large" in ahead


def test_a_hold_that_meets_a_vote_or_not_is_said_beforehand():
    ahead = comparison_ahead(8, seconds=600, networks=True, holds_seconds=[60, 10])
    assert "the authorities' cost will not be judged" in ahead

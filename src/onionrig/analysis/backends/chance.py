"""Compute the shares that chance alone gives: n draws among k, each taking i with probability p_i.

Counts x_i are then multinomial. Two figures of them are judged elsewhere; for each, this gives the
expectation and the central 90 % interval of such draws.
"""

from __future__ import annotations

import math
from collections import Counter
from statistics import NormalDist
from typing import TYPE_CHECKING

from onionrig.records.streams.dials import ByChance

if TYPE_CHECKING:
    from collections.abc import Sequence

LOW, HIGH = 0.05, 0.95


def jain_by_chance(draws: int, probabilities: Sequence[float]) -> ByChance | None:
    """Return Jain's index n² / (k Σx²) of this many draws, or None for no draws.

    E[x_i²] = n(n-1) p_i² + n p_i, so E[Σx²] = n² (Σp² + (1 - Σp²) / n), and Jain's index is about 1
    / (k (Σp² + (1 - Σp²) / n)). It is approximate because the mean of an inverse is not the inverse
    of the mean; the error shrinks as draws grow.

    Its interval follows from that of Σx² above its minimum n²/k. If all p are equal, that excess is
    n/k times Pearson's statistic, which has a chi-squared distribution with k - 1 degrees of
    freedom. In general, a chi-squared distribution with the mean and the variance of the excess is
    used (as Satterthwaite does for sums of squares).
    """
    if not draws:
        return None
    instance_count = len(probabilities)
    mean, variance = _sum_of_squares(draws, probabilities)
    least_squares = draws**2 / instance_count
    excess = mean - least_squares

    def jain(squares: float) -> float:
        # upper bound: one instance gets every draw; lower bound: all differ, or shares are even
        return draws**2 / (instance_count * min(max(squares, least_squares, draws), draws**2))

    if excess <= 0 or variance <= _rounding(mean):
        return ByChance(expected=jain(mean), low=jain(mean), high=jain(mean))
    degrees = 2 * excess**2 / variance
    high_squares, low_squares = (
        least_squares + excess / degrees * _chi_squared_quantile(part, degrees)
        for part in (HIGH, LOW)
    )
    return ByChance(expected=jain(mean), low=jain(high_squares), high=jain(low_squares))


def smallest_by_chance(draws: int, probabilities: Sequence[float]) -> ByChance | None:
    """Return the smallest count over the mean count of this many draws, or None for no draws.

    Each count is binomial. Counts are taken as independent: their fixed sum n makes the smallest a
    little smaller, which shows only where two or three share.
    """
    if not draws:
        return None
    mean = draws / len(probabilities)
    chances_of_more = _chance_of_more(draws, probabilities, up_to=int(mean))
    return ByChance(
        expected=sum(chances_of_more[:-1]) / mean,
        low=next(count for count, chance in enumerate(chances_of_more) if 1 - chance >= LOW) / mean,
        high=next(count for count, chance in enumerate(chances_of_more) if 1 - chance >= HIGH)
        / mean,
    )


def _sum_of_squares(draws: int, probabilities: Sequence[float]) -> tuple[float, float]:
    """Return the mean and the variance of Σx².

    From the factorial moments E[x_i(x_i-1)… x_j(x_j-1)…] = n(n-1)… p_i^a p_j^b, with
    x² = x(x-1) + x and x⁴ = x(x-1)(x-2)(x-3) + 6x(x-1)(x-2) + 7x(x-1) + x.
    """
    sum_of_squares, sum_of_cubes = (math.fsum(p**power for p in probabilities) for power in (2, 3))
    ordered_pairs, ordered_triples, ordered_quadruples = (
        float(math.perm(draws, size)) for size in (2, 3, 4)
    )
    mean = draws + ordered_pairs * sum_of_squares
    mean_square = (
        ordered_quadruples * sum_of_squares**2
        + ordered_triples * (2 * sum_of_squares + 4 * sum_of_cubes)
        + ordered_pairs * (1 + 6 * sum_of_squares)
        + draws
    )
    return mean, mean_square - mean**2


def _rounding(mean: float) -> float:
    """Return how much of a variance may be rounding: it is a difference of squares."""
    return 1e-12 * mean**2


def _chi_squared_quantile(part: float, degrees: float) -> float:
    """Return the quantile of a chi-squared distribution.

    Source: Wilson, Hilferty, "The Distribution of Chi-Square", PNAS 17 (1931).
    """
    spread = 2 / (9 * degrees)
    cube_root = 1 - spread + NormalDist().inv_cdf(part) * math.sqrt(spread)
    return degrees * max(0.0, cube_root) ** 3


def _chance_of_more(draws: int, probabilities: Sequence[float], *, up_to: int) -> list[float]:
    """Return the chance that every count exceeds 0, 1, … ``up_to``; the last is 0."""
    instance_counts = Counter(probabilities)
    chances_of_fewer = dict.fromkeys(instance_counts, 0.0)
    chances = []
    for count in range(up_to):
        for probability in instance_counts:
            chances_of_fewer[probability] += _binomial(draws, count, probability)
        chances_above = (
            max(0.0, 1 - chances_of_fewer[probability]) ** instance_count
            for probability, instance_count in instance_counts.items()
        )
        chances.append(math.prod(chances_above))
    return [*chances, 0.0]


def _binomial(draws: int, count: int, probability: float) -> float:
    """Return the chance of ``count`` successes; in logarithms, since powers underflow."""
    if probability >= 1:
        return float(count == draws)
    logarithm = (
        math.lgamma(draws + 1) - math.lgamma(count + 1) - math.lgamma(draws - count + 1)
        + count * math.log(probability) + (draws - count) * math.log1p(-probability)
    )  # fmt: skip
    return math.exp(logarithm)

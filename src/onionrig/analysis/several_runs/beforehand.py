"""Predict what can be shown before anything is measured, from the known spread of networks.

A spread is the standard deviation of a figure's logarithm, which for a small one is a share of the
figure. docs/lab-notes.md ("How much networks differ") names the runs behind these.
"""

from __future__ import annotations

import math

from onionrig.analysis.several_runs.judging import WRONG_TOGETHER
from onionrig.analysis.several_runs.students_t import t_quantile

RATE_OF_NETWORKS = 0.10
"""Spread of the sustained rate over independently drawn networks."""
COST_OF_NETWORKS = 0.06
"""Spread of the CPU time per Gbit of all roles together over independently drawn networks."""
RATE_OF_HOLDS = 0.06
"""Spread of the sustained rate over holds of one network."""
USUAL_FIGURES = 9
"""Number of judged figures if relays, backends and clients take most of the CPU time."""
FOUND = 0.9
"""Power: chance that a difference of the predicted size is found."""


def least_shown(spread: float, *, pairs: int, figures: int = USUAL_FIGURES) -> float:
    """Return the true difference, as a share of A's figure, that nine out of ten comparisons find.

    There must be at least two pairs; each has √2 times the spread of a network. The approximation
    adds the quantiles of the test and of its power, as is usual for t.
    """
    error = spread * math.sqrt(2 / pairs)
    quantiles = (
        t_quantile(WRONG_TOGETHER / figures, pairs - 1),
        t_quantile(2 * (1 - FOUND), pairs - 1),
    )
    return math.expm1(error * sum(quantiles))

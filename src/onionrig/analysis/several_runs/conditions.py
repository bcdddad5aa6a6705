"""Judge under which conditions a comparison is to fail, as in "sustained < 95%".

A condition limits the ratio B/A of one figure and is judged by the interval of that ratio, the same
one that the comparison shows. It holds at 95 % for all judged figures at once, so several
conditions need no further correction. A condition that the interval neither satisfies nor
contradicts as a whole is undecided.
"""

from __future__ import annotations

import bisect
import math
import re
from typing import TYPE_CHECKING, Literal

import msgspec

from onionrig.analysis.several_runs.judging import ROUNDING, WRONG_TOGETHER
from onionrig.analysis.several_runs.students_t import t_quantile
from onionrig.analysis.several_runs.unpaired import MOST_TIMES, repetitions_needed
from onionrig.errors import UsageError
from onionrig.records.series.comparison import JudgedCondition
from onionrig.units import counted, percent_text, share_from

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from onionrig.records.series.comparison import Ratio

FIGURES = {
    "sustained": "sustained rate",
    "median second": "median second",
    "cpu": "CPU-s per Gbit, everything",
    "first byte": "first byte, median",
    "round trip": "round trip in the hold, median",
    "fairness": "fairness, Jain's index",
}
"""The comparison's figures by their short names; ``cpu backend`` is the cost of a role."""
MOST_BOUND = 10
"""Highest ratio that a condition can have; a higher one lacks its percent sign."""
MOST_PAIRS = 1000
"""Most pairs that are named as what would decide a condition."""

_CONDITION = re.compile(r"(?P<figure>[^<>=]+)(?P<operator>[<>])(?P<bound>[^<>=]+)")


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """A condition under which a comparison fails."""

    text: str
    """The condition as it was typed."""
    what: str
    """Figure, by the name that the comparison gives it."""
    operator: Literal["<", ">"]
    bound: float
    """Ratio B/A that the figure's is compared with."""


def condition_from(text: str, *, roles: Collection[str]) -> Condition:
    """Return the condition in text such as ``"sustained < 95%"``.

    ``roles`` are those that both sides have. Raises UsageError, which names the figures if there is
    no such figure.
    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise UsageError(
            f'--fail-if "{text}": write FIGURE < PERCENT or FIGURE > PERCENT, as in '
            '"sustained < 95%"'
        )
    short_name = " ".join(match["figure"].split())
    figure = _figure_named(short_name, roles)
    if figure is None:
        raise UsageError(
            f'--fail-if "{text}": this comparison has no figure "{short_name}"; it has '
            f"{', '.join(_names(roles)) or 'none'}"
        )
    try:
        bound = share_from(match["bound"])
    except UsageError as error:
        raise UsageError(f'--fail-if "{text}": {error}') from error
    if bound <= 0:
        raise UsageError(f'--fail-if "{text}": no figure of B is 0 % of A\'s; write more than 0%')
    if bound > MOST_BOUND:
        raise UsageError(
            f'--fail-if "{text}": {match["bound"].strip()} is {100 * bound:.0f} % of A\'s figure, '
            f"and a bound is at most {100 * MOST_BOUND} %; write a share, as in 95%"
        )
    return Condition(
        text=text.strip(),
        what=figure,
        operator="<" if match["operator"] == "<" else ">",
        bound=bound,
    )


def _names(roles: Collection[str]) -> dict[str, str]:
    """Return the figures that a comparison of these roles has, by their short names."""
    if "sink" not in roles:
        return {}  # every figure is one of the bytes that sinks pull
    figures = {
        short_name: figure
        for short_name, figure in FIGURES.items()
        if short_name != "round trip" or "pinger" in roles
    }
    return figures | {f"cpu {role}": f"CPU-s per Gbit, {role}" for role in sorted(roles)}


def _figure_named(short_name: str, roles: Collection[str]) -> str | None:
    """Return the figure of a name, which may also be the one that the comparison prints."""
    names = _names(roles)
    wanted_name = short_name.casefold()
    figures_by_name = {figure.casefold(): figure for figure in names.values()}
    return names.get(wanted_name) or figures_by_name.get(wanted_name)


def judged_conditions(
    conditions: Sequence[Condition], ratios: Sequence[Ratio]
) -> tuple[JudgedCondition, ...]:
    """Return the outcome of each condition by the interval of its figure's ratio."""
    by_figure = {ratio.what: ratio for ratio in ratios}
    interval_count = sum(ratio.interval is not None for ratio in ratios)
    chance = WRONG_TOGETHER / max(interval_count, 1)
    return tuple(
        _judged_condition(condition, by_figure.get(condition.what), chance=chance)
        for condition in conditions
    )


def _judged_condition(
    condition: Condition, ratio: Ratio | None, *, chance: float
) -> JudgedCondition:
    undecided = JudgedCondition(
        text=condition.text,
        what=condition.what,
        operator=condition.operator,
        bound=condition.bound,
        outcome="undecided",
        sentence="",
    )
    if ratio is None or ratio.interval is None or ratio.ratio is None:
        reason = "not measured" if ratio is None else ratio.reason or ratio.verdict
        sentence = f"undecided, since the {condition.what} has no interval: {reason}"
        return msgspec.structs.replace(undecided, sentence=sentence)
    low, high = ratio.interval
    tolerated_bounds = condition.bound * (1 - ROUNDING), condition.bound * (1 + ROUNDING)
    is_below, is_above = high < tolerated_bounds[0], low > tolerated_bounds[1]
    is_not_below, is_not_above = low >= tolerated_bounds[0], high <= tolerated_bounds[1]
    fails, passes = (
        (is_below, is_not_below) if condition.operator == "<" else (is_above, is_not_above)
    )
    with_interval = msgspec.structs.replace(undecided, interval=ratio.interval)
    bound_text = percent_text(condition.bound)
    interval_text = f"{percent_text(low)} to {percent_text(high)}"
    if fails or passes:
        side = "below" if condition.operator == "<" else "above"
        return msgspec.structs.replace(
            with_interval,
            outcome="fails" if fails else "passes",
            sentence=f"{'fails' if fails else 'passes'}, since the whole interval, "
            f"{interval_text} of A, is {'' if fails else 'not '}{side} {bound_text}",
        )
    start = f"undecided, since the interval, {interval_text} of A, includes {bound_text}; by the "
    if ratio.repetitions is not None:
        needed = repetitions_needed(ratio, condition.bound, chance=chance)
        return msgspec.structs.replace(
            with_interval,
            repetitions_needed=needed,
            sentence=f"{start}spread of these repetitions it would take {_needed_text(needed)} to "
            "decide it",
        )
    needed_pairs = pairs_needed(ratio, condition.bound, chance=chance)
    pairs_text = (
        f"more than {MOST_PAIRS} pairs"
        if needed_pairs is None
        else f"about {counted(needed_pairs, 'pair')}"
    )
    return msgspec.structs.replace(
        with_interval,
        pairs_needed=needed_pairs,
        sentence=f"{start}spread of these {counted(ratio.pairs, 'pair')} it would take "
        f"{pairs_text} to decide it",
    )


def _needed_text(needed: tuple[int, int] | None) -> str:
    if needed is None:
        return f"more than {MOST_TIMES} times as many"
    return f"about {needed[0]} of A and {needed[1]} of B"


def pairs_needed(ratio: Ratio, bound: float, *, chance: float) -> int | None:
    """Return how many pairs would decide a bound if they spread as these do, None if too many.

    The interval of that many pairs around the same ratio just excludes the bound. ``chance`` is
    that of missing the true ratio. The ratio must have an interval.
    """
    if ratio.interval is None or ratio.ratio is None:
        raise ValueError(ratio.what)
    low, high = ratio.interval
    reach = math.log(high / low) / 2
    spread = reach * math.sqrt(ratio.pairs) / t_quantile(chance, ratio.pairs - 1)
    distance = abs(math.log(ratio.ratio / bound))

    def decides(pairs: int) -> bool:
        return t_quantile(chance, pairs - 1) * spread / math.sqrt(pairs) < distance

    pair_counts = range(ratio.pairs + 1, MOST_PAIRS + 1)
    index = bisect.bisect_left(pair_counts, True, key=decides)
    return pair_counts[index] if index < len(pair_counts) else None

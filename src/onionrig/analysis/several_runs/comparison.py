"""Compare two sides: ratios with their ranges, and everything that differs."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.several_runs.comparison_text import (
    ON_REFERENCE_CORE,
    sentence_of_pairs,
    sentence_of_series,
    thing_of,
)
from onionrig.analysis.several_runs.conditions import judged_conditions
from onionrig.analysis.several_runs.differences import differences
from onionrig.analysis.several_runs.judging import LEAST_SHARE, Compared, judged
from onionrig.analysis.several_runs.unpaired import judged_apart
from onionrig.records.manifest import Manifest
from onionrig.records.result import Result
from onionrig.records.series.comparison import ComparedSide, Comparison, Difference, Ratio
from onionrig.rig.torrc import VOTING_INTERVAL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from onionrig.analysis.several_runs.conditions import Condition

BESIDE_RAW = "the figure as it was measured is judged"
"""Why figures as on the reference core are not judged as well: they are the same, divided."""
SPEED, WHOLE_COST = "speed of the cores", "CPU-s per Gbit, everything"
ComparedFigure = tuple[str, str, "Callable[[Result], float | None]", str]
"""Name, unit, how to read it from a result, and why it is reported but not judged, if so."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a comparison: its repetitions in order, and how they were made."""

    title: str
    runs: tuple[str, ...]
    results: tuple[Result, ...]
    """Results of the repetitions: one per network, however often that was held."""
    manifest: Manifest
    """Manifest of the side's first run."""
    changes: tuple[Difference, ...] = ()
    """Versions and hosts in which a later run of the side differs from the first."""


def compared(
    a: Measured, b: Measured, *, alternated: bool, conditions: Sequence[Condition] = ()
) -> Comparison:
    """Compare two sides; neither may be empty. The conditions are those under which it fails."""
    figures = [
        Compared(
            what=what, unit=unit, a=_figures(a, read), b=_figures(b, read), too_small=too_small
        )
        for what, unit, read, too_small in _figures_of(a, b, alternated=alternated)
    ]
    ratios = judged(figures) if alternated else judged_apart(figures)
    all_differences = differences(a.manifest, b.manifest, a.results[0], b.results[0])
    return Comparison(
        a=_side("A", a),
        b=_side("B", b),
        alternated=alternated,
        sentence=_sentence(a, b, ratios, alternated=alternated),
        ratios=ratios,
        differences=all_differences,
        doubts=(
            *_doubts("A", a),
            *_doubts("B", b),
            *_change_doubts("A", a),
            *_change_doubts("B", b),
            *_difference_doubts(all_differences),
            *_yardstick_doubts(a, b),
            *([] if alternated else _doubts_of_times(a, b, ratios)),
        ),
        conditions=judged_conditions(conditions, ratios),
    )


def _side(name: str, side: Measured) -> ComparedSide:
    rates = tuple(result.goodput.sustained_bits_per_second for result in side.results)
    known_rates = [rate for rate in rates if rate is not None]
    return ComparedSide(
        name=name,
        title=side.title,
        runs=side.runs,
        repeated=thing_of(side.results),
        started=tuple(result.started for result in side.results),
        sustained_bits_per_second=rates,
        median_bits_per_second=statistics.median(known_rates) if known_rates else None,
    )


def _sentence(a: Measured, b: Measured, ratios: Sequence[Ratio], *, alternated: bool) -> str:
    counts = len(a.results), len(b.results)
    if alternated or max(counts) == 1:
        return sentence_of_pairs(ratios, pairs=min(counts))
    return sentence_of_series(ratios, a.results, b.results)


def _figures_of(a: Measured, b: Measured, *, alternated: bool) -> list[ComparedFigure]:
    return [
        (
            "sustained rate",
            "bits per second",
            lambda result: result.goodput.sustained_bits_per_second,
            "",
        ),
        (
            "median second",
            "bits per second",
            lambda result: result.goodput.median_second_bits_per_second,
            "",
        ),
        (WHOLE_COST, "", whole_cost, ""),
        *(
            (f"CPU-s per Gbit, {role}", "", _cost_of(role), _not_judged(role, share, a, b))
            for role, share in _shares(a, b).items()
        ),
        *_carried_over_figures(a, b, why_not_judged=BESIDE_RAW if alternated else ""),
        (
            "first byte, median",
            "seconds",
            lambda result: result.streams.median_first_byte_seconds,
            "",
        ),
        (
            "round trip in the hold, median",
            "seconds",
            lambda result: result.round_trip.median_in_hold_seconds if result.round_trip else None,
            "",
        ),
        ("fairness, Jain's index", "", lambda result: result.fairness.jain, ""),
    ]


def _carried_over_figures(a: Measured, b: Measured, *, why_not_judged: str) -> list[ComparedFigure]:
    """Return the figures as on the reference core, if the speed of the cores was read.

    Where the sides ran at different times, the cores may have changed in between, and these figures
    are judged as well as the raw ones.
    """
    results = (*a.results, *b.results)
    if not all(result.yardstick and result.yardstick.speed for result in results):
        return []
    versions = {result.yardstick.version for result in results if result.yardstick}
    if len(versions) > 1:
        return []
    figures: list[ComparedFigure] = [
        (SPEED, "", _speed, why_not_judged),
        (f"{WHOLE_COST}{ON_REFERENCE_CORE}", "", carried_over_cost, why_not_judged),
    ]
    if not why_not_judged and all(map(carried_over_rate, results)):
        what = f"sustained rate{ON_REFERENCE_CORE}"
        figures.insert(1, (what, "bits per second", carried_over_rate, ""))
    return figures


def _doubts_of_times(a: Measured, b: Measured, ratios: Sequence[Ratio]) -> list[str]:
    """Name what a change of the machine between two series can have done to the figures."""
    if max(len(a.results), len(b.results)) == 1:
        return []
    speed = next((ratio for ratio in ratios if ratio.what == SPEED), None)
    if speed is None:
        doubt = (
            "A and B ran at different times, and the yardstick did not read the speed of the cores "
            "in all of them: a change of the machine in between cannot be told from a difference"
        )
        return [doubt]
    if speed.verdict in {"higher", "lower"}:
        doubt = (
            f"the cores were {speed.ratio:.2f} times as fast in B as in A: compare the figures as "
            "on the reference core"
        )
        return [doubt]
    return []


def _yardstick_doubts(a: Measured, b: Measured) -> list[str]:
    """Explain why the sides cannot be compared as on the reference core, if they were read."""
    versions_by_side = {
        name: {result.yardstick.version for result in side.results if result.yardstick}
        for name, side in (("A", a), ("B", b))
    }
    if versions_by_side["A"] == versions_by_side["B"]:
        return []
    versions_text = " and ".join(
        f"{name} has {_versions_text(versions)}" for name, versions in versions_by_side.items()
    )
    doubt = (
        f"{versions_text}, so a difference between their machines or days cannot be told from one "
        "between A and B"
    )
    return [doubt]


def _versions_text(versions: set[int]) -> str:
    if not versions:
        return "no reading of the yardstick"
    return f"the yardstick's version {' and '.join(map(str, sorted(versions)))}"


def _speed(result: Result) -> float | None:
    return result.yardstick.speed if result.yardstick else None


def carried_over_rate(result: Result) -> float | None:
    """Return the sustained rate as on the reference core, or None."""
    yardstick = result.yardstick
    return yardstick.sustained_on_reference_core_bits_per_second if yardstick else None


def carried_over_cost(result: Result) -> float | None:
    """Return the CPU-seconds per Gbit of all roles as on the reference core, or None."""
    return sum_if_all_known(
        [cost.reference_core_seconds_per_gbit for cost in result.costs.values()]
    )


def _shares(a: Measured, b: Measured) -> dict[str, float]:
    """Return the greatest share of all CPU time that each role had, if any."""
    shares: dict[str, float] = {}
    for result in (*a.results, *b.results):
        all_cores = sum(cost.cores for cost in result.costs.values())
        for role, cost in result.costs.items():
            shares[role] = max(shares.get(role, 0.0), cost.cores / all_cores if all_cores else 0.0)
    return {role: share for role, share in shares.items() if share}


def _not_judged(role: str, share: float, a: Measured, b: Measured) -> str:
    """Explain why the cost of a role is reported but not judged; empty if it is judged."""
    if share < LEAST_SHARE:
        return f"it takes less than {100 * LEAST_SHARE:.0f} % of all CPU time"
    seconds = [result.goodput.steady_seconds for result in (*a.results, *b.results)]
    if role == "authority" and any(second % VOTING_INTERVAL_SECONDS for second in seconds):
        return (
            f"authorities vote every {VOTING_INTERVAL_SECONDS} s, and a hold that is not a "
            "multiple of that has one vote more or less by chance"
        )
    return ""


def whole_cost(result: Result) -> float | None:
    """Return the CPU-seconds per Gbit of all roles together, or None if one is unknown."""
    return sum_if_all_known([cost.cpu_seconds_per_gbit for cost in result.costs.values()])


def sum_if_all_known(values: Sequence[float | None]) -> float | None:
    """Return the sum of values, or None if there are none or one is unknown."""
    known_values = [value for value in values if value is not None]
    return sum(known_values) if known_values and len(known_values) == len(values) else None


def _cost_of(role: str) -> Callable[[Result], float | None]:
    def read(result: Result) -> float | None:
        cost = result.costs.get(role)
        return cost.cpu_seconds_per_gbit if cost else None

    return read


def _figures(side: Measured, read: Callable[[Result], float | None]) -> tuple[float | None, ...]:
    return tuple(read(result) for result in side.results)


def _doubts(name: str, side: Measured) -> list[str]:
    has_several = len(side.results) > 1
    return [
        f"{name}{f', repetition {number}' if has_several else ''}: {doubt}"
        for number, result in enumerate(side.results, start=1)
        for doubt in (
            *(() if result.status == "complete" else ("the run was cut short",)),
            *(result.trust.doubts if result.trust else ()),
        )
    ]


def _change_doubts(name: str, side: Measured) -> list[str]:
    return [
        f"the runs of {name} differ in {change.what} ({change.a} and {change.b})"
        for change in side.changes
    ]


def _difference_doubts(all_differences: Sequence[Difference]) -> list[str]:
    """Name what makes a comparison unfair unless intended: other machines, other programs."""
    return [
        f"they differ in {difference.what} ({difference.a} and {difference.b})"
        for difference in all_differences
        if difference.kind in {"host", "version"}
    ]

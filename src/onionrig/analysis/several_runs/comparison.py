"""Compare two sides: ratios with their ranges, and everything that differs."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.several_runs.conditions import judged_conditions
from onionrig.analysis.several_runs.differences import differences
from onionrig.analysis.several_runs.judging import LEAST_SHARE, Compared, judged
from onionrig.records.manifest import Manifest
from onionrig.records.result import Result
from onionrig.records.series.comparison import ComparedSide, Comparison, Difference, Ratio
from onionrig.rig.torrc import VOTING_INTERVAL_SECONDS
from onionrig.units import rate_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from onionrig.analysis.several_runs.conditions import Condition

BESIDE_RAW = "the figure as it was measured is judged"
"""Why figures as on the reference core are not judged as well: they are the same, divided."""
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


def compared(
    a: Measured, b: Measured, *, alternated: bool, conditions: Sequence[Condition] = ()
) -> Comparison:
    """Compare two sides; neither may be empty. The conditions are those under which it fails."""
    ratios = judged(
        [
            Compared(
                what=what, unit=unit, a=_figures(a, read), b=_figures(b, read), too_small=too_small
            )
            for what, unit, read, too_small in _figures_of(a, b)
        ],
        in_turn=alternated,
    )
    all_differences = differences(a.manifest, b.manifest, a.results[0], b.results[0])
    return Comparison(
        a=_side("A", a),
        b=_side("B", b),
        alternated=alternated,
        sentence=_sentence(ratios, pairs=min(len(a.results), len(b.results))),
        ratios=ratios,
        differences=all_differences,
        doubts=(
            *_doubts("A", a),
            *_doubts("B", b),
            *_difference_doubts(all_differences),
            *_yardstick_doubts(a, b),
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
        sustained_bits_per_second=rates,
        median_bits_per_second=statistics.median(known_rates) if known_rates else None,
    )


def _figures_of(a: Measured, b: Measured) -> list[ComparedFigure]:
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
        ("CPU-s per Gbit, everything", "", whole_cost, ""),
        *(
            (f"CPU-s per Gbit, {role}", "", _cost_of(role), _not_judged(role, share, a, b))
            for role, share in _shares(a, b).items()
        ),
        *_carried_over_figures(a, b),
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


def _carried_over_figures(a: Measured, b: Measured) -> list[ComparedFigure]:
    """Return the figures as on the reference core, if the speed of the cores was read."""
    results = (*a.results, *b.results)
    if not all(result.yardstick and result.yardstick.speed for result in results):
        return []
    versions = {result.yardstick.version for result in results if result.yardstick}
    if len(versions) > 1:
        return []
    return [
        ("speed of the cores", "", _speed, BESIDE_RAW),
        ("CPU-s per Gbit, everything, on the reference core", "", carried_over_cost, BESIDE_RAW),
    ]


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


def _sentence(ratios: Sequence[Ratio], *, pairs: int) -> str:
    sustained_ratio = ratios[0]
    if sustained_ratio.ratio is None or sustained_ratio.a is None or sustained_ratio.b is None:
        return "Nothing can be compared: at least one side has no sustained rate."
    rates_text = (
        f"B sustained {rate_text(sustained_ratio.b)}, which is {sustained_ratio.ratio:.2f} times "
        "A's "
        f"{rate_text(sustained_ratio.a)}"
    )
    if sustained_ratio.verdict == "not repeated":
        return (
            f"{rates_text}, but one repetition of each cannot show whether that is more than "
            "chance; "
            "several holds of one network count as one repetition."
        )
    others_text = _other_differences_text(ratios)
    if sustained_ratio.interval is None:
        return f"These pairs cannot show a difference: {rates_text}; {sustained_ratio.reason}."
    low, high = sustained_ratio.interval
    if sustained_ratio.verdict == "no difference shown":
        return (
            f"{pairs} pairs show no difference in the sustained rate: {rates_text} "
            f"({low:.2f} to {high:.2f}){others_text}."
        )
    return (
        f"B sustains {sustained_ratio.ratio:.2f} times A's rate ({low:.2f} to {high:.2f} over "
        f"{pairs} "
        f"pairs): {rate_text(sustained_ratio.b)} against "
        f"{rate_text(sustained_ratio.a)}{others_text}."
    )


def _other_differences_text(ratios: Sequence[Ratio]) -> str:
    difference_texts = [
        f"{ratio.what} {ratio.ratio:.2f} times"
        for ratio in ratios[1:]
        if ratio.verdict in {"higher", "lower"}
    ]
    return f"; also different: {', '.join(difference_texts)}" if difference_texts else ""


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


def _difference_doubts(all_differences: Sequence[Difference]) -> list[str]:
    """Name what makes a comparison unfair unless intended: other machines, other programs."""
    return [
        f"they differ in {difference.what} ({difference.a} and {difference.b})"
        for difference in all_differences
        if difference.kind in {"host", "version"}
    ]

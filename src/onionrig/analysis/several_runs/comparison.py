"""Two sides compared: ratios with their ranges, and everything that differs."""

from __future__ import annotations

import itertools
import statistics
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.several_runs.differences import differences
from onionrig.records.comparison import Comparison, Difference, Ratio, RatioVerdict, Side
from onionrig.records.manifest import Manifest
from onionrig.records.result import Result
from onionrig.units import rate_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Figure = tuple[str, str, "Callable[[Result], float | None]"]


LEAST_SHARE = 0.01
"""Share of all CPU: a role that takes less on both sides is not compared."""
FEWEST = 3
"""Repetitions of each side that can show a difference: with two, chance alone has both pairs of
equals point one way every other time."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a comparison: its repetitions in order, and how they were made."""

    title: str
    runs: tuple[str, ...]
    results: tuple[Result, ...]
    """The result of each repetition."""
    manifest: Manifest
    """The manifest of the side's first run."""


def compared(a: Measured, b: Measured, *, alternated: bool) -> Comparison:
    """Compare two sides; neither may be empty."""
    ratios = tuple(
        _ratio(what, unit, _figures(a, read), _figures(b, read), alternated=alternated)
        for what, unit, read in _figures_of(a, b)
    )
    differing = differences(a.manifest, b.manifest, a.results[0], b.results[0])
    return Comparison(
        a=_side("A", a),
        b=_side("B", b),
        alternated=alternated,
        sentence=_sentence(
            ratios[0],
            repetitions=min(len(a.results), len(b.results)),
            alternated=alternated,
        ),
        ratios=ratios,
        differences=differing,
        doubts=(*_doubts("A", a), *_doubts("B", b), *_unlike(differing)),
    )


def _side(name: str, side: Measured) -> Side:
    rates = tuple(result.goodput.sustained_bits_per_second for result in side.results)
    known = [rate for rate in rates if rate is not None]
    return Side(
        name=name,
        title=side.title,
        runs=side.runs,
        sustained_bits_per_second=rates,
        median_bits_per_second=statistics.median(known) if known else None,
    )


def _figures_of(a: Measured, b: Measured) -> list[Figure]:
    figures: list[Figure] = [
        ("sustained rate", "bits per second", lambda r: r.goodput.sustained_bits_per_second),
        ("median second", "bits per second", lambda r: r.goodput.median_second_bits_per_second),
        ("CPU-s a Gbit, everything", "", _whole_cost),
    ]
    figures += [(f"CPU-s a Gbit, {role}", "", _cost_of(role)) for role in _roles(a, b)]
    figures += [
        ("first byte, median", "seconds", lambda r: r.streams.median_first_byte_seconds),
        (
            "round trip in the hold, median",
            "seconds",
            lambda r: r.round_trip.median_in_hold_seconds if r.round_trip else None,
        ),
        ("fairness, Jain's index", "", lambda r: r.fairness.jain),
    ]
    return figures


def _roles(a: Measured, b: Measured) -> list[str]:
    """Return the roles that cost enough to compare: CPU time is counted in ticks of 10 ms."""
    shares: dict[str, float] = {}
    for result in (*a.results, *b.results):
        whole = sum(cost.cores for cost in result.costs.values())
        for role, cost in result.costs.items():
            shares[role] = max(shares.get(role, 0.0), cost.cores / whole if whole else 0.0)
    return [role for role, share in shares.items() if share >= LEAST_SHARE]


def _whole_cost(result: Result) -> float | None:
    costs = [cost.cpu_seconds_per_gbit for cost in result.costs.values()]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if known and len(known) == len(costs) else None


def _cost_of(role: str) -> Callable[[Result], float | None]:
    def read(result: Result) -> float | None:
        cost = result.costs.get(role)
        return cost.cpu_seconds_per_gbit if cost else None

    return read


def _figures(side: Measured, read: Callable[[Result], float | None]) -> list[float | None]:
    return [read(result) for result in side.results]


def _ratio(
    what: str, unit: str, a: list[float | None], b: list[float | None], *, alternated: bool
) -> Ratio:
    couples: list[tuple[float | None, float | None]] = (
        list(zip(a, b, strict=False)) if alternated else list(itertools.product(a, b))
    )
    ratios = [over / under for under, over in couples if under and over is not None]
    known_a, known_b = _known(a), _known(b)
    ratio = (
        statistics.median(ratios)
        if alternated and ratios
        else _over(_median(known_b), _median(known_a))
    )
    repeated = len(ratios) > 1
    lowest, highest = (min(ratios), max(ratios)) if repeated else (None, None)
    return Ratio(
        what=what,
        unit=unit,
        a=_median(known_a),
        b=_median(known_b),
        ratio=ratio,
        lowest=lowest,
        highest=highest,
        verdict=_verdict(ratio, lowest, highest, min(len(known_a), len(known_b))),
    )


def _verdict(
    ratio: float | None, lowest: float | None, highest: float | None, repetitions: int
) -> RatioVerdict:
    if ratio is None:
        return "not measured"
    if lowest is None or highest is None:
        return "not repeated"
    if repetitions < FEWEST:
        return "no difference shown"
    if lowest > 1:
        return "higher"
    return "lower" if highest < 1 else "no difference shown"


def _sentence(sustained: Ratio, *, repetitions: int, alternated: bool) -> str:
    if sustained.ratio is None or sustained.a is None or sustained.b is None:
        return "Nothing can be compared: at least one side has no sustained rate."
    rates = f"B {rate_text(sustained.b)}, A {rate_text(sustained.a)}"
    if sustained.lowest is None or sustained.highest is None:
        return (
            f"{rates}: {sustained.ratio:.2f} times, but one repetition of each says nothing about "
            "how much of that is chance."
        )
    spread = f"{sustained.lowest:.2f} to {sustained.highest:.2f}"
    if sustained.verdict == "no difference shown":
        return (
            f"No difference that these repetitions can show: {rates}, "
            f"{sustained.ratio:.2f} times ({spread})"
            + (f"; fewer than {FEWEST} of each show none." if repetitions < FEWEST else ".")
        )
    sentence = f"B sustains {sustained.ratio:.2f} times A's rate ({spread}): {rates}."
    if not alternated:
        return sentence
    # of all 2^n ways in which n pairs of equals may fall, two are all to one side
    return (
        f"{sentence} All {repetitions} pairs point one way; by chance alone that happens once in "
        f"{2 ** (repetitions - 1)}."
    )


def _doubts(name: str, side: Measured) -> list[str]:
    several = len(side.results) > 1
    return [
        f"{name}{f', repetition {number}' if several else ''}: {doubt}"
        for number, result in enumerate(side.results, start=1)
        for doubt in (
            *(() if result.status == "complete" else ("the run was cut short",)),
            *(result.trust.doubts if result.trust else ()),
        )
    ]


def _unlike(differing: Sequence[Difference]) -> list[str]:
    """Name what makes a comparison false unless it was meant: other machines, other programs."""
    return [
        f"they differ in {difference.what} ({difference.a} and {difference.b})"
        for difference in differing
        if difference.kind in {"host", "version"}
    ]


def _known(figures: list[float | None]) -> list[float]:
    return [figure for figure in figures if figure is not None]


def _median(figures: list[float]) -> float | None:
    return statistics.median(figures) if figures else None


def _over(over: float | None, under: float | None) -> float | None:
    return over / under if over is not None and under else None

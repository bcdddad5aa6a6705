"""Evaluate repetitions on fresh networks: how precisely the rate is known, what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.several_runs.comparison import (
    WHOLE_COST,
    carried_over_cost,
    carried_over_rate,
    whole_cost,
)
from onionrig.analysis.several_runs.comparison_text import ON_REFERENCE_CORE
from onionrig.analysis.several_runs.known_within import known_figure, needed_for, spread_of
from onionrig.analysis.thresholds import repeated_thresholds
from onionrig.records.series.repetition import RepeatResult, Repetition
from onionrig.units import counted, percent_text, rate_text, rough_duration_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from onionrig.records.result import Result
    from onionrig.records.series.repetition import KnownFigure, RepeatPlan


def repeat_result(
    plan: RepeatPlan, networks: Mapping[str, Result], *, spent: bool = False
) -> RepeatResult:
    """Return the result of all networks, by run, one result each however often it was held.

    ``spent`` means that the budget allows no further one. A network without a rate is left out and
    raises a doubt.
    """
    measured_results = {run: result for run, result in networks.items() if _sustained(result)}
    results = tuple(measured_results.values())
    rates = _values(results, _sustained)
    needed = needed_after(plan, rates)
    figures = [
        known_figure(what, unit, values, first_stage=plan.first_stage)
        for what, unit, values in (
            ("sustained rate", "bits per second", rates),
            (WHOLE_COST, "", _values(results, whole_cost)),
            *_carried_over_figures(results),
        )
        if values
    ]
    is_known = needed is not None and len(rates) >= needed
    return RepeatResult(
        name=plan.name,
        started=plan.started,
        repeated="rigs" if plan.repeats == "rig" else "networks",
        asked_within=plan.within,
        budget_seconds=plan.budget_seconds,
        known=is_known,
        first_stage=plan.first_stage,
        needed=needed,
        sentence=_sentence(plan, figures, is_known=is_known, needed=needed, spent=spent),
        figures=tuple(figures),
        runs=tuple(measured_results),
        doubts=tuple(_doubts(networks)),
        thresholds=repeated_thresholds(networks, mean=figures[0].mean if figures else None),
        repetitions=tuple(_repetition(run, result) for run, result in measured_results.items()),
        not_carried_over=_not_carried_over(results, plan.repeats),
    )


def needed_after(plan: RepeatPlan, rates: Sequence[float]) -> int | None:
    """Return how many networks are needed in total, or None until the first stage is measured."""
    spread = spread_of(rates, first_stage=plan.first_stage)
    if spread is None or len(rates) < plan.first_stage:
        return None
    return needed_for(spread, plan.within, first_stage=plan.first_stage)


def _sentence(
    plan: RepeatPlan,
    figures: Sequence[KnownFigure],
    *,
    is_known: bool,
    needed: int | None,
    spent: bool,
) -> str:
    if not figures:
        return f"Nothing is known: no {plan.repeats} has a sustained rate."
    rate = figures[0]
    count = len(rate.values)
    if rate.interval is None or rate.within is None:
        sentence = (
            f"{rate_text(rate.mean)} sustained on one {plan.repeats}, which says nothing about how "
            f"much {plan.repeats}s differ"
        )
    else:
        low, high = rate.interval
        sentence = (
            f"{rate_text(rate.mean)} sustained over {counted(count, plan.repeats)}, within "
            f"{percent_text(rate.within)} ({rate_text(low)} to {rate_text(high)})"
        )
    if is_known:
        return f"{sentence}: it is known as precisely as asked, within {percent_text(plan.within)}."
    networks_text = (
        "" if needed is None else f", which would take {counted(needed, plan.repeats)} in all"
    )
    reason = (
        f"the budget of {rough_duration_text(plan.budget_seconds)} was spent"
        if spent
        else "the series is not finished"
    )
    return f"{sentence}; {percent_text(plan.within)} was asked for{networks_text}, but {reason}."


def _repetition(run: str, result: Result) -> Repetition:
    yardstick = result.yardstick
    return Repetition(
        run=run,
        started=result.started,
        sustained_bits_per_second=_sustained(result) or 0.0,
        sustained_on_reference_core_bits_per_second=carried_over_rate(result),
        core_speed=yardstick.speed if yardstick else None,
        cpu_seconds_per_gbit=whole_cost(result),
        trusted=result.trust.trusted if result.trust else None,
        bottleneck=result.bottleneck.kind if result.bottleneck else None,
    )


def _carried_over_figures(results: Sequence[Result]) -> list[tuple[str, str, list[float]]]:
    """Return the figures as on the reference core that every repetition has."""
    if len(_versions(results)) != 1:
        return []
    figures = (
        (f"sustained rate{ON_REFERENCE_CORE}", "bits per second", carried_over_rate),
        (f"{WHOLE_COST}{ON_REFERENCE_CORE}", "", carried_over_cost),
    )
    values_by_figure = ((what, unit, _values(results, read)) for what, unit, read in figures)
    return [figure for figure in values_by_figure if len(figure[2]) == len(results)]


def _not_carried_over(results: Sequence[Result], thing: str) -> str:
    """Explain why there is no rate as on the reference core; empty if there is one."""
    if not results or (all(map(carried_over_rate, results)) and len(_versions(results)) == 1):
        return ""
    if len(_versions(results)) > 1:
        return f"the {thing}s were read with different versions of the yardstick"
    reasons = {
        result.yardstick.not_carried_over if result.yardstick else "no yardstick was read"
        for result in results
        if not carried_over_rate(result)
    }
    return "; ".join(sorted(reasons))


def _versions(results: Sequence[Result]) -> set[int | None]:
    return {result.yardstick.version if result.yardstick else None for result in results}


def _values(results: Iterable[Result], read: Callable[[Result], float | None]) -> list[float]:
    return [value for result in results if (value := read(result))]


def _sustained(result: Result) -> float | None:
    return result.goodput.sustained_bits_per_second


def _doubts(networks: Mapping[str, Result]) -> list[str]:
    return [
        f"{run}: {doubt}"
        for run, result in networks.items()
        for doubt in (
            *(() if _sustained(result) else ("it has no sustained rate, and is left out",)),
            *(result.trust.doubts if result.trust else ()),
        )
    ]

"""Evaluate repetitions on fresh networks: how precisely the rate is known, what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.several_runs.comparison import whole_cost
from onionrig.analysis.several_runs.known_within import known_figure, needed_for, spread_of
from onionrig.analysis.thresholds import repeated_thresholds
from onionrig.records.series.repetition import RepeatResult
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
    rates = _values(measured_results.values(), _sustained)
    needed = needed_after(plan, rates)
    figures = [
        known_figure(what, unit, values, first_stage=plan.first_stage)
        for what, unit, values in (
            ("sustained rate", "bits per second", rates),
            ("CPU-s per Gbit, everything", "", _values(measured_results.values(), whole_cost)),
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
        needed=needed,
        sentence=_sentence(plan, figures, is_known=is_known, needed=needed, spent=spent),
        figures=tuple(figures),
        runs=tuple(measured_results),
        doubts=tuple(_doubts(networks)),
        thresholds=repeated_thresholds(networks, mean=figures[0].mean if figures else None),
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
        else "it is not finished"
    )
    return f"{sentence}; {percent_text(plan.within)} was asked for{networks_text}, but {reason}."


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

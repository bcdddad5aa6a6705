"""Judge how precisely the holds of one network determine its rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.several_runs.known_within import known_figure, needed_for, spread_of
from onionrig.records.findings import HoldsKnown
from onionrig.units import counted, percent_text, rate_text, rough_duration_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.manifest import UntilKnown
    from onionrig.records.result import Result


def holds_known(until_known: UntilKnown, results: Sequence[Result]) -> HoldsKnown:
    """Return how precisely the rate of one network, or rig without tors, is known.

    It says nothing about other networks, however closely the holds agree.
    """
    rates = [
        rate
        for result in results
        if result.status == "complete" and (rate := result.goodput.sustained_bits_per_second)
    ]
    spread = spread_of(rates, first_stage=until_known.first_stage)
    needed = None
    if spread is not None and len(rates) >= until_known.first_stage:
        needed = needed_for(spread, until_known.within, first_stage=until_known.first_stage)
    figure = (
        known_figure(
            "sustained rate", "bits per second", rates, first_stage=until_known.first_stage
        )
        if rates
        else None
    )
    is_known = needed is not None and len(rates) >= needed
    within = None if figure is None else figure.within
    interval = None if figure is None else figure.interval
    return HoldsKnown(
        asked_within=until_known.within,
        known=is_known,
        needed=needed,
        within=within,
        interval_bits_per_second=interval,
        sentence=_sentence(
            until_known,
            len(rates),
            within,
            interval,
            is_known=is_known,
            needed=needed,
            rig_name=_name_of_rig(results),
        ),
    )


def _sentence(  # noqa: PLR0913 - the parts of one sentence
    until_known: UntilKnown,
    count: int,
    within: float | None,
    interval: tuple[float, float] | None,
    *,
    is_known: bool,
    needed: int | None,
    rig_name: str,
) -> str:
    budget_text = rough_duration_text(until_known.budget_seconds)
    if within is None or interval is None:
        return (
            f"{counted(count, 'hold')} of one {rig_name}: it is unknown how much holds differ, and "
            "the "
            f"budget of {budget_text} allowed no more"
        )
    low, high = map(rate_text, interval)
    sentence = (
        f"{counted(count, 'hold')} of one {rig_name}: within {percent_text(within)} "
        f"({low} to {high}); "
        f"{percent_text(until_known.within)} was asked for"
    )
    if not is_known:
        holds_text = "" if needed is None else f", which would take {counted(needed, 'hold')}"
        sentence += f"{holds_text}, but the budget of {budget_text} allowed no more"
    return f"{sentence}. Other {rig_name}s can differ by more: this says nothing about them"


def _name_of_rig(results: Sequence[Result]) -> str:
    """Name what was held: a rig without tors has no network."""
    return "rig" if any(result.mode == "without tor" for result in results) else "network"

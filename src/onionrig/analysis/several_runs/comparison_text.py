"""Word the sentence of a comparison: what the sustained rate does, and what else differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from onionrig.units import counted, rate_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.result import Result
    from onionrig.records.series.comparison import Ratio

ON_REFERENCE_CORE = ", on the reference core"


def thing_of(results: Sequence[Result]) -> Literal["network", "rig"]:
    """Name what was set up for each result: a rig without tors has no network."""
    return "rig" if any(result.mode == "without tor" for result in results) else "network"


def sentence_of_pairs(ratios: Sequence[Ratio], *, pairs: int) -> str:
    """Return the verdict on sides that ran in turn, or on two single runs."""
    sustained_ratio = ratios[0]
    rates_text = _rates_text(sustained_ratio)
    if rates_text is None:
        return "Nothing can be compared: at least one side has no sustained rate."
    if sustained_ratio.verdict == "not repeated":
        return (
            f"{rates_text}, but one repetition of each cannot show whether that is more than "
            "chance; several holds of one network count as one repetition."
        )
    if sustained_ratio.interval is None:
        return f"These pairs cannot show a difference: {rates_text}; {sustained_ratio.reason}."
    others_text = _other_differences_text(ratios[1:])
    interval_text = _interval_text(sustained_ratio.interval)
    if sustained_ratio.verdict == "no difference shown":
        return (
            f"{pairs} pairs show no difference in the sustained rate: {rates_text} "
            f"({interval_text}){others_text}."
        )
    return (
        f"B sustains {sustained_ratio.ratio:.2f} times A's rate ({interval_text} over {pairs} "
        f"pairs): {_rates_against(sustained_ratio)}{others_text}."
    )


def sentence_of_series(ratios: Sequence[Ratio], a: Sequence[Result], b: Sequence[Result]) -> str:
    """Return the verdict on sides that ran at different times, at least one of them repeated."""
    sustained_ratio = ratios[0]
    rates_text = _rates_text(sustained_ratio)
    if rates_text is None:
        return "Nothing can be compared: at least one side has no sustained rate."
    counts_text = f"{counted(len(a), thing_of(a))} of A and {counted(len(b), thing_of(b))} of B"
    if sustained_ratio.verdict == "not repeated":
        single = "A" if len(a) == 1 else "B"
        return (
            f"{counts_text} cannot show whether a difference is more than chance: {rates_text}, "
            f"and nothing is known of how much repetitions of {single} differ."
        )
    if sustained_ratio.interval is None:
        return f"{counts_text} cannot show a difference: {rates_text}; {sustained_ratio.reason}."
    others_text = _other_differences_text(
        [ratio for ratio in ratios[1:] if not ratio.what.endswith(ON_REFERENCE_CORE)]
    )
    carried_over_text = _carried_over_text(ratios)
    interval_text = _interval_text(sustained_ratio.interval)
    if sustained_ratio.verdict == "no difference shown":
        return (
            f"{counts_text}, at different times, show no difference in the sustained rate: "
            f"{rates_text} ({interval_text}){others_text}{carried_over_text}."
        )
    return (
        f"B sustains {sustained_ratio.ratio:.2f} times A's rate ({interval_text} over "
        f"{counts_text}, at different times): {_rates_against(sustained_ratio)}"
        f"{others_text}{carried_over_text}."
    )


def _rates_text(ratio: Ratio) -> str | None:
    if ratio.ratio is None or ratio.a is None or ratio.b is None:
        return None
    return (
        f"B sustained {rate_text(ratio.b)}, which is {ratio.ratio:.2f} times A's "
        f"{rate_text(ratio.a)}"
    )


def _rates_against(ratio: Ratio) -> str:
    return f"{rate_text(ratio.b or 0.0)} against {rate_text(ratio.a or 0.0)}"


def _interval_text(interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{low:.2f} to {high:.2f}"


def _other_differences_text(ratios: Sequence[Ratio]) -> str:
    difference_texts = [
        f"{ratio.what} {ratio.ratio:.2f} times"
        for ratio in ratios
        if ratio.verdict in {"higher", "lower"}
    ]
    return f"; also different: {', '.join(difference_texts)}" if difference_texts else ""


def _carried_over_text(ratios: Sequence[Ratio]) -> str:
    """Return what the sustained rate, or else the cost, does as on the reference core."""
    for ratio in ratios:
        if ratio.what.endswith(ON_REFERENCE_CORE) and ratio.interval and ratio.ratio:
            what = ratio.what.removesuffix(ON_REFERENCE_CORE)
            verdict = "" if ratio.verdict in {"higher", "lower"} else ", which shows no difference"
            return (
                f"; as on the reference core, B has {ratio.ratio:.2f} times A's {what} "
                f"({_interval_text(ratio.interval)}{verdict})"
            )
    return ""

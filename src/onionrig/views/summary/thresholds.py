"""Show thresholds: what was asked, what the figure was, and whether it is met."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from onionrig.units import percent_text, rate_text, size_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.result import Result, Verdict
    from onionrig.records.thresholds import JudgedThreshold, ThresholdOutcome

HEADINGS = ("threshold", "asked", "measured", "outcome", "")
OUTCOMES: dict[ThresholdOutcome, str] = {"met": "met", "missed": "missed", "unknown": "not known"}
STYLES: dict[ThresholdOutcome, str] = {"met": "green", "missed": "red", "unknown": "red"}
_OF_TARGET = {True: "meets", False: "misses", None: "not compared with"}


def thresholds_clause(result: Result) -> str:
    """Return what a headline says of the thresholds; empty if there are none."""
    target, met = result.verdict.target_bits_per_second, result.verdict.met
    other_thresholds = [
        threshold for threshold in result.verdict.thresholds if threshold.figure != "sustained rate"
    ]
    clauses = [] if target is None else [f"{_OF_TARGET[met]} the target of {rate_text(target)}"]
    if other_thresholds:
        noun = "threshold" if target is None else "other threshold"
        all_of_them = (
            f"the {noun}" if len(other_thresholds) == 1 else f"all {len(other_thresholds)} {noun}s"
        )
        missed = [threshold for threshold in other_thresholds if threshold.outcome != "met"]
        if result.lost_hosts:
            clauses.append(f"not compared with {all_of_them}")
        elif missed:
            names = "; ".join(threshold.name for threshold in missed)
            clauses.append(
                f"misses {len(missed)} of {len(other_thresholds)} {noun}s ({names})"
                if len(other_thresholds) > 1
                else f"misses {all_of_them} ({names})"
            )
        else:
            clauses.append(f"meets {all_of_them}")
    return f": {', '.join(clauses)}" if clauses else ""


def thresholds_table(thresholds: Sequence[JudgedThreshold]) -> Table:
    """Return a table with a line for each threshold."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in HEADINGS:
        right = heading == "measured"
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for threshold in thresholds:
        table.add_row(
            threshold.name,
            asked_text(threshold),
            measured_text(threshold),
            Text(OUTCOMES[threshold.outcome], style=STYLES[threshold.outcome]),
            Text(threshold.note, style="dim"),
        )
    return table


def outcome_text(verdict: Verdict) -> str:
    """Return in few words whether the thresholds are met, or which are not."""
    if not verdict.thresholds:
        return "-"
    names = ", ".join(threshold.name for threshold in verdict.missed)
    return f"missed: {names}" if names else "met"


def missed_text(missed: Sequence[JudgedThreshold]) -> str:
    """Return which thresholds are missed, each with its figure or why there is none."""
    return "; ".join(
        f"{threshold.name}: {asked_text(threshold)} was asked, {_measured_clause(threshold)}"
        for threshold in missed
    )


def _measured_clause(threshold: JudgedThreshold) -> str:
    if threshold.measured is not None:
        return f"{measured_text(threshold)} was measured"
    sentence = "it is not known" if threshold.outcome == "unknown" else "it was not reached"
    return f"{sentence} ({threshold.note})"


def asked_text(threshold: JudgedThreshold) -> str:
    """Return the limit of a threshold with its direction."""
    return f"{threshold.bound} {_value(threshold.limit, threshold.unit)}"


def measured_text(threshold: JudgedThreshold) -> str:
    """Return the figure of a threshold, or a dash if it is unknown."""
    return "-" if threshold.measured is None else _value(threshold.measured, threshold.unit)


def _value(value: float, unit: str) -> str:
    match unit:
        case "bits per second":
            return rate_text(value)
        case "share":
            return percent_text(value)
        case "seconds":
            return f"{1e3 * value:.3g} ms" if value < 1 else f"{value:.3g} s"
        case "bytes":
            return size_text(value)
        case _:
            return f"{value:.0f}" if value == int(value) else f"{value:.4g}"

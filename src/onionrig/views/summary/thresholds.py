"""Show thresholds: what was asked, what the figure was, and whether it is met."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from onionrig.units import percent_text, rate_text, size_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.result import Result
    from onionrig.records.thresholds import JudgedThreshold, ThresholdOutcome

HEADINGS = ("threshold", "asked", "measured", "outcome", "")
OUTCOMES: dict[ThresholdOutcome, str] = {"met": "met", "missed": "missed", "unknown": "not known"}
STYLES: dict[ThresholdOutcome, str] = {"met": "green", "missed": "red", "unknown": "red"}
_OF_TARGET = {True: "meets", False: "misses", None: "not compared with"}


def thresholds_clause(result: Result) -> str:
    """Return what a headline says of the thresholds; empty if there are none."""
    target, met = result.verdict.target_bits_per_second, result.verdict.met
    others = [one for one in result.verdict.thresholds if one.figure != "sustained rate"]
    said = [] if target is None else [f"{_OF_TARGET[met]} the target of {rate_text(target)}"]
    if others:
        more = "threshold" if target is None else "other threshold"
        all_of_them = f"the {more}" if len(others) == 1 else f"all {len(others)} {more}s"
        missed = [one for one in others if one.outcome != "met"]
        if result.lost_hosts:
            said.append(f"not compared with {all_of_them}")
        elif missed:
            names = "; ".join(one.name for one in missed)
            said.append(
                f"misses {len(missed)} of {len(others)} {more}s ({names})"
                if len(others) > 1
                else f"misses {all_of_them} ({names})"
            )
        else:
            said.append(f"meets {all_of_them}")
    return f": {', '.join(said)}" if said else ""


def thresholds_table(thresholds: Sequence[JudgedThreshold]) -> Table:
    """Return a table with a line for each threshold."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in HEADINGS:
        right = heading == "measured"
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for one in thresholds:
        table.add_row(
            one.name,
            asked_text(one),
            measured_text(one),
            Text(OUTCOMES[one.outcome], style=STYLES[one.outcome]),
            Text(one.note, style="dim"),
        )
    return table


def missed_text(missed: Sequence[JudgedThreshold]) -> str:
    """Return which thresholds are missed, each with its figure or why there is none."""
    return "; ".join(f"{one.name}: {asked_text(one)} was asked, {_found(one)}" for one in missed)


def _found(threshold: JudgedThreshold) -> str:
    if threshold.measured is not None:
        return f"{measured_text(threshold)} was measured"
    found = "it is not known" if threshold.outcome == "unknown" else "it was not reached"
    return f"{found} ({threshold.note})"


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

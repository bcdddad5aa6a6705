"""Print values for a report: a dash stands for everything that was not measured."""

from __future__ import annotations

import datetime
import math

from onionrig.units import counted, percent_text, rate_text, size_text
from onionrig.views.report.document import UNKNOWN

MILLISECONDS_BELOW, HUNDREDTHS_BELOW = 1.0, 10.0
"""Durations in seconds below which milliseconds, or hundredths, are printed."""


def rate(bits_per_second: float | None) -> str:
    """Return a rate with its unit."""
    return UNKNOWN if bits_per_second is None else rate_text(bits_per_second)


def rates(lowest: float | None, highest: float | None) -> str:
    """Return a range of rates, with the unit once if both have the same."""
    low, high = rate(lowest), rate(highest)
    number_of_low, _, unit_of_low = low.partition(" ")
    return f"{number_of_low if unit_of_low == high.partition(' ')[2] else low} to {high}"


def percent(fraction: float | None, *, signed: bool = False) -> str:
    """Return a fraction in percent; signed if it is a difference."""
    if fraction is None:
        return UNKNOWN
    text = percent_text(fraction)
    if text == "-0.0 %":
        return "0.0 %"
    return f"+{text}" if signed and fraction > 0 else text


def size(size_bytes: int | None) -> str:
    """Return a size with its unit."""
    return UNKNOWN if size_bytes is None else size_text(size_bytes)


def number(value: float | None, *, decimals: int = 2) -> str:
    """Return a number."""
    return UNKNOWN if value is None else f"{value:.{decimals}f}"


def wait(seconds: float | None) -> str:
    """Return a duration with its unit."""
    if seconds is None:
        return UNKNOWN
    if seconds < MILLISECONDS_BELOW:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.2f} s" if seconds < HUNDREDTHS_BELOW else f"{seconds:.1f} s"


def figure_of(value: float | None, unit: str) -> str:
    """Return a value in the unit named by its record."""
    if value is None:
        return UNKNOWN
    match unit:
        case "bits per second":
            return rate_text(value)
        case "seconds":
            return wait(value)
        case "bytes":
            return size_text(value)
        case "cores":
            return cores(value)
        case _:
            return f"{three_figures(value)} {unit}".rstrip()


def three_figures(value: float) -> str:
    """Return a number with at least three significant figures."""
    decimals = 2 - math.floor(math.log10(abs(value))) if value else 2
    return f"{value:.{max(0, decimals)}f}"


def moment(iso: str) -> str:
    """Return an ISO 8601 moment in UTC; any other text unchanged."""
    try:
        moment = datetime.datetime.fromisoformat(iso)
    except ValueError:
        return iso
    if moment.tzinfo is None:
        return f"{moment:%Y-%m-%d %H:%M:%S}"
    return f"{moment.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"


def cores(amount: float | None) -> str:
    """Return a number of cores."""
    if amount is None:
        return UNKNOWN
    return counted(int(amount), "core") if amount == int(amount) else f"{amount:.2f} cores"

"""Print a range: lowest to highest, and likely, with no more digits than it deserves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from onionrig.units import RATE_STEPS, SIZE_STEPS

if TYPE_CHECKING:
    from onionrig.records.plan import Range

TO = "\u2013"
"""Dash between the ends of a range."""
STEPS_IN_A_RANGE = 4
"""Fewest rounding steps that fit into a range: figures are rounded to a power of ten."""
FEWEST_FIGURES, MOST_FIGURES = 2, 3
"""Significant figures of the likely value, whatever the range, so that it is the same
everywhere."""
LONGEST_WHOLE = 1e6
"""Highest count without a spread that is printed as it is."""
_BYTES_PER = "bytes per "
_STEPS = {
    "bit/s": (*RATE_STEPS, (1.0, "bit/s")),
    "B": (*SIZE_STEPS, (1.0, "B")),
    "s": ((1.0, "s"), (1e-3, "ms")),
}


class RangeText(msgspec.Struct, frozen=True, kw_only=True):
    """The three figures of a range, all in one unit and to one digit."""

    lowest: str
    likely: str
    highest: str
    unit: str

    @property
    def exact(self) -> bool:
        """True if the ends are equal after rounding."""
        return self.lowest == self.likely == self.highest


def range_text(value: Range, unit: str) -> str:
    """Return both ends of a range and its likely value."""
    text = range_figures(value, unit)
    if text.exact:
        return f"{text.likely} {text.unit}".rstrip()
    return f"{text.lowest}{TO}{text.highest}, likely {text.likely} {text.unit}".rstrip()


def ends_text(value: Range, unit: str) -> str:
    """Return both ends of a range."""
    text = range_figures(value, unit)
    if text.lowest == text.highest:
        return f"{text.likely} {text.unit}".rstrip()
    return f"{text.lowest}{TO}{text.highest} {text.unit}".rstrip()


def likely_text(value: Range, unit: str) -> str:
    """Return the likely value, as roughly as the range is known."""
    text = range_figures(value, unit)
    return f"{text.likely} {text.unit}".rstrip()


def figure_text(value: float) -> str:
    """Return a figure without a spread: whole numbers as they are, others with three figures."""
    if value == round(value) and abs(value) < LONGEST_WHOLE:
        return f"{value:.0f}"
    text = _rounded(value, _place(value) - MOST_FIGURES + 1)
    return text.rstrip("0").rstrip(".") if "." in text else text


def range_figures(value: Range, unit: str) -> RangeText:
    """Return the figures of a range in the multiple of the unit that suits the likely value."""
    factor, shown_unit = _multiple(value.likely or value.highest, unit)
    figures = [bound / factor for bound in (value.lowest, value.likely, value.highest)]
    lowest, likely, highest = figures
    if lowest == highest:
        text = figure_text(likely)
        return RangeText(lowest=text, likely=text, highest=text, unit=shown_unit)
    first = _place(likely or highest)
    place = min(_place((highest - lowest) / STEPS_IN_A_RANGE), first - FEWEST_FIGURES + 1)
    if lowest > 0:
        place = min(place, _place(lowest))  # a value above 0 must not be rounded to 0
    place = max(place, first - MOST_FIGURES + 1)
    low, middle, high = (_rounded(figure, place) for figure in figures)
    return RangeText(lowest=low, likely=middle, highest=high, unit=shown_unit)


def _multiple(value: float, unit: str) -> tuple[float, str]:
    steps = _STEPS.get(unit, ((1.0, unit),))
    if unit.startswith(_BYTES_PER):
        per_unit = unit.removeprefix(_BYTES_PER)
        steps = (
            (1e9, f"GB per {per_unit}"),
            (1e6, f"MB per {per_unit}"),
            (1e3, f"kB per {per_unit}"),
            (1.0, unit),
        )
    return next((step for step in steps if abs(value) >= step[0]), steps[-1])


def _place(value: float) -> int:
    """Return the power of ten of a figure's first digit."""
    return math.floor(math.log10(abs(value))) if value else 0


def _rounded(value: float, place: int) -> str:
    """Round to a power of ten; digits after the point only where that is below one."""
    step = 10.0**place
    return f"{round(value / step) * step:.{max(0, -place)}f}"

"""A range as one says it: lowest to highest, and likely, with no more digits than it deserves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from onionrig.units import RATE_STEPS, SIZE_STEPS

if TYPE_CHECKING:
    from onionrig.records.plan import Range

TO = "\u2013"
"""Between the ends of a range."""
STEPS_IN_A_RANGE = 4
"""At least so many: a figure is rounded to a power of ten that fits into its range as often."""
FEWEST_FIGURES, MOST_FIGURES = 2, 3
"""Of the likely value, whatever the range: so that it is the same wherever it is said."""
LONGEST_WHOLE = 1e6
"""Counts without a spread stand as they are up to here."""
_BYTES_PER = "bytes per "
_STEPS = {
    "bit/s": (*RATE_STEPS, (1.0, "bit/s")),
    "B": (*SIZE_STEPS, (1.0, "B")),
    "s": ((1.0, "s"), (1e-3, "ms")),
}


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A range's three figures, all in one unit and to one digit."""

    lowest: str
    likely: str
    highest: str
    unit: str

    @property
    def exact(self) -> bool:
        """Whether nothing is left of the range."""
        return self.lowest == self.likely == self.highest


def range_text(value: Range, unit: str) -> str:
    """Say from where to where a figure goes, and what is likely."""
    said = said_in(value, unit)
    if said.exact:
        return f"{said.likely} {said.unit}".rstrip()
    return f"{said.lowest}{TO}{said.highest}, likely {said.likely} {said.unit}".rstrip()


def ends_text(value: Range, unit: str) -> str:
    """Say from where to where a figure goes."""
    said = said_in(value, unit)
    if said.lowest == said.highest:
        return f"{said.likely} {said.unit}".rstrip()
    return f"{said.lowest}{TO}{said.highest} {said.unit}".rstrip()


def likely_text(value: Range, unit: str) -> str:
    """Say what is likely, as roughly as the range is known."""
    said = said_in(value, unit)
    return f"{said.likely} {said.unit}".rstrip()


def figure_text(value: float) -> str:
    """Say a figure without a spread: whole numbers as they are, others with three figures."""
    if value == round(value) and abs(value) < LONGEST_WHOLE:
        return f"{value:.0f}"
    text = _rounded(value, _place(value) - MOST_FIGURES + 1)
    return text.rstrip("0").rstrip(".") if "." in text else text


def said_in(value: Range, unit: str) -> Said:
    """Say a range's figures in the multiple of the unit that its likely value is short in."""
    factor, shown = _multiple(value.likely or value.highest, unit)
    figures = [each / factor for each in (value.lowest, value.likely, value.highest)]
    lowest, likely, highest = figures
    if lowest == highest:
        text = figure_text(likely)
        return Said(lowest=text, likely=text, highest=text, unit=shown)
    first = _place(likely or highest)
    place = min(_place((highest - lowest) / STEPS_IN_A_RANGE), first - FEWEST_FIGURES + 1)
    if lowest > 0:
        place = min(place, _place(lowest))  # nothing that is there becomes 0
    place = max(place, first - MOST_FIGURES + 1)
    low, middle, high = (_rounded(each, place) for each in figures)
    return Said(lowest=low, likely=middle, highest=high, unit=shown)


def _multiple(value: float, unit: str) -> tuple[float, str]:
    steps = _STEPS.get(unit, ((1.0, unit),))
    if unit.startswith(_BYTES_PER):
        of = unit.removeprefix(_BYTES_PER)
        steps = ((1e9, f"GB per {of}"), (1e6, f"MB per {of}"), (1e3, f"kB per {of}"), (1.0, unit))
    return next((step for step in steps if abs(value) >= step[0]), steps[-1])


def _place(value: float) -> int:
    """Return the power of ten of a figure's first digit."""
    return math.floor(math.log10(abs(value))) if value else 0


def _rounded(value: float, place: int) -> str:
    """Round to a power of ten; digits after the point only where that is below one."""
    step = 10.0**place
    return f"{round(value / step) * step:.{max(0, -place)}f}"

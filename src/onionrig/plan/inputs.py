"""Figures with their origin; those of the catalogue with the spread that their marks imply."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from onionrig.plan.ranges import around, exactly
from onionrig.records.plan import Input

if TYPE_CHECKING:
    from onionrig.hardware.boards import BoardFigure, Mark
    from onionrig.records.plan import Origin, Range

BITS_PER_MBIT, BYTES_PER_MIB, BYTES_PER_GIB = 1e6, 1 << 20, 1 << 30
FIGURE_SPREAD, ESTIMATE_SPREAD = 0.05, 0.30
"""Relative uncertainty of a measured or published speed, and of one estimated from memory or from a
sibling board (judgements)."""
RERUN_SPREAD = 0.10
"""Relative difference that a cost may have in a run on another day, however close the holds of one
run are (a judgement, docs/planning.md)."""
PROBE_IT = "`onionrig probe --json` on such a board, then --probe FILE"
IN_BOARDS_TOML = "a line in your boards.toml (docs/hardware.md)"


def catalogued(
    name: str,
    figure: BoardFigure[float] | BoardFigure[int] | None,
    unit: str,
    factor: float = 1.0,
    *,
    spread: bool = True,
) -> Input | None:
    """Return a figure from the catalogue, converted to the unit, or None if there is none.

    A speed has the spread of its mark; a count or a size has none.
    """
    if figure is None:
        return None
    return Input(
        name=name,
        value=around(figure.value * factor, spread_of(figure.mark) if spread else 0.0),
        unit=unit,
        origin=origin_of(figure.mark),
        source=figure.source,
    )


def origin_of(mark: Mark) -> Origin:
    """Return the origin of a figure of the catalogue."""
    match mark:
        case "measured":
            return "measured elsewhere"
        case "read":
            return "read"
        case "estimate":
            return "estimated"
        case _:
            assert_never(mark)


def spread_of(mark: Mark) -> float:
    """Return the relative uncertainty of a speed with such a mark."""
    match mark:
        case "measured" | "read":
            return FIGURE_SPREAD
        case "estimate":
            return ESTIMATE_SPREAD
        case _:
            assert_never(mark)


def judged(name: str, value: Range, unit: str, why: str) -> Input:
    """Return a figure that nobody measured, with its reason."""
    return Input(name=name, value=value, unit=unit, origin="estimated", source=why)


def known(name: str, value: float, unit: str, source: str) -> Input:
    """Return a figure without spread, known from this user's own run or probe."""
    return Input(name=name, value=exactly(value), unit=unit, origin="measured here", source=source)


def asked_input(name: str, value: float, unit: str, option: str) -> Input:
    """Return a figure from the command line."""
    return Input(name=name, value=exactly(value), unit=unit, origin="asked", source=option)

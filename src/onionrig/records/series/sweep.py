"""sweep.json, what a sweep is to do, and sweep-result.json, what came of it (schema 1)."""

from __future__ import annotations

from typing import Any, Literal

from onionrig.records import Part
from onionrig.records.result import Result


class Axis(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One setting that is varied."""

    key: str
    """As in ``load.streams``."""
    values: tuple[str, ...]
    """As they would stand in TOML."""


class SweepPlan(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a sweep is to do; written before it starts, so that it can go on after a kill."""

    schema: Literal[1] = 1
    name: str
    started: str
    """UTC, ISO 8601."""
    command: tuple[str, ...]
    experiment: dict[str, Any]
    """As asked, before the axes; ``auto`` stays ``auto``, since it may depend on them."""
    axes: tuple[Axis, ...]
    repeat: int


class Point(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One combination of settings and what it came to."""

    settings: dict[str, str]
    run: str
    """The run directory, below the sweep's."""
    result: Result


class Knee(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where along the first axis goodput stops growing, the other settings fixed."""

    key: str
    """The axis."""
    settings: dict[str, str]
    """Those of the other axes."""
    value: str | None
    """The lowest with at least 90 % of the highest sustained rate; null if nothing was measured."""
    sustained_bits_per_second: float | None
    reached: bool
    """Whether a point beyond it was measured, so that it is a knee and not the end of the axis."""
    sentence: str


class SweepResult(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a sweep came to so far."""

    schema: Literal[1] = 1
    sweep: str
    started: str
    axes: tuple[Axis, ...]
    points: tuple[Point, ...]
    missing: int
    """Points that have not been measured."""
    knees: tuple[Knee, ...]

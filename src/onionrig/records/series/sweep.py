"""sweep.json, the plan of a sweep, and sweep-result.json, its outcome (schema 1)."""

from __future__ import annotations

from typing import Any, Literal

from onionrig.records import Part
from onionrig.records.result import Result


class Axis(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One setting that is varied."""

    key: str
    """Key of the setting, such as ``load.streams``."""
    values: tuple[str, ...]
    """Values as written in TOML."""


class SweepPlan(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The plan of a sweep; written before it starts, so that it can be resumed after a kill."""

    schema: Literal[1] = 1
    name: str
    started: str
    """Start time, UTC, ISO 8601."""
    command: tuple[str, ...]
    experiment: dict[str, Any]
    """The experiment as asked for, before the axes; ``auto`` stays ``auto``, since it may depend on
    them."""
    axes: tuple[Axis, ...]
    repeat: int


class SweepPoint(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One combination of settings and its result."""

    settings: dict[str, str]
    run: str
    """Run directory, relative to the sweep's."""
    result: Result


class Knee(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The point along the first axis where goodput stops growing, with the other settings fixed."""

    key: str
    """Key of the first axis."""
    settings: dict[str, str]
    """Settings of the other axes."""
    value: str | None
    """Lowest value with at least 90 % of the highest sustained rate; null if nothing was
    measured."""
    sustained_bits_per_second: float | None
    reached: bool
    """Whether a point beyond it was measured, so that it is a knee and not the end of the axis."""
    sentence: str


class SweepResult(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Result of a sweep so far."""

    schema: Literal[1] = 1
    sweep: str
    started: str
    axes: tuple[Axis, ...]
    points: tuple[SweepPoint, ...]
    missing: int
    """Number of points that have not been measured."""
    knees: tuple[Knee, ...]
    remarks: tuple[str, ...] = ()
    """Remarks on all points together, such as that the cores changed their speed between them."""

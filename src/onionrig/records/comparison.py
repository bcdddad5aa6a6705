"""compare.json and comparison.json, schema 1: two runs or experiments side by side."""

from __future__ import annotations

from typing import Any, Literal

from onionrig.records import Part

RatioVerdict = Literal["higher", "lower", "no difference shown", "not repeated", "not measured"]
"""Of B against A. no difference shown: the range of the ratio includes 1. not repeated: one
repetition of each has no range, so nothing can be said. not measured: one side has no such figure.
"""


class ComparePlan(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """compare.json: the two experiments of a comparison, written before it starts."""

    schema: Literal[1] = 1
    name: str
    started: str
    """UTC, ISO 8601."""
    command: tuple[str, ...]
    titles: tuple[str, str]
    experiments: tuple[dict[str, Any], dict[str, Any]]
    repeat: int


class Side(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the two."""

    name: str
    """``A`` or ``B``."""
    title: str
    """The run or the experiment."""
    runs: tuple[str, ...]
    sustained_bits_per_second: tuple[float | None, ...]
    """Of each repetition, in order."""
    median_bits_per_second: float | None


class Ratio(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One figure of B over the same of A."""

    what: str
    unit: str
    a: float | None
    """Median of A's repetitions."""
    b: float | None
    ratio: float | None
    lowest: float | None
    """Of the pairs where they alternated, else of every B over every A; null for one of each."""
    highest: float | None
    verdict: RatioVerdict


class Difference(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something in which the two differ, so that a false comparison shows."""

    kind: Literal["setting", "version", "host", "network", "measurement"]
    what: str
    a: str
    b: str


class Comparison(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two sides, what differs between them, and what came of it."""

    schema: Literal[1] = 1
    a: Side
    b: Side
    alternated: bool
    """Whether they ran A B A B, so that a drift of the machine meets both alike."""
    sentence: str
    """The verdict on the sustained rate."""
    ratios: tuple[Ratio, ...]
    """The sustained rate first."""
    differences: tuple[Difference, ...]
    doubts: tuple[str, ...]
    """Why not to trust it: what the runs' own trust sections say, and what differs unasked."""

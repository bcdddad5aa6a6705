"""compare.json and comparison.json, schema 1: two runs or experiments side by side."""

from __future__ import annotations

from typing import Any, Literal

from onionrig.records import Part

RatioVerdict = Literal[
    "higher", "lower", "no difference shown", "not judged", "not repeated", "not measured"
]
"""Of B against A. no difference shown: the interval of the ratio includes 1, or there are too few
pairs for one. not judged: the ratio is told, and its reason says why no more is. not repeated: one
repetition of each says nothing about chance. not measured: one side has no such figure.
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
    """The rate of each repetition, in order. Several holds of one network are one repetition."""
    median_bits_per_second: float | None


class Ratio(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One figure of B over the same of A."""

    what: str
    unit: str
    a: float | None
    """Median of A's repetitions."""
    b: float | None
    ratio: float | None
    """The geometric mean of the pairs."""
    lowest: float | None
    """The lowest ratio of the pairs; null for one of each."""
    highest: float | None
    verdict: RatioVerdict
    interval: tuple[float, float] | None = None
    """Where the true ratio lies. With a chance of 95 % that is so of all judged figures at once.
    Null where there are too few pairs, where the figure is not judged, and in earlier records."""
    reason: str = ""
    """Why there is no interval, where one could be expected."""


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
    """Whether they ran in turn, so that a drift of the machine meets both alike."""
    sentence: str
    """The verdict on the sustained rate."""
    ratios: tuple[Ratio, ...]
    """The sustained rate first."""
    differences: tuple[Difference, ...]
    doubts: tuple[str, ...]
    """Why not to trust it: what the runs' own trust sections say, and what differs unasked."""

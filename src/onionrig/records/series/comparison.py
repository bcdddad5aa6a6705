"""compare.json and comparison.json, schema 1: two runs or experiments side by side."""

from __future__ import annotations

from typing import Any, Literal

from onionrig.records import Part

RatioVerdict = Literal[
    "higher", "lower", "no difference shown", "not judged", "not repeated", "not measured"
]
"""Verdict on B compared with A.

no difference shown: the interval of the ratio includes 1, or there are too few pairs for an
interval. not judged: the ratio is reported without a verdict, and its reason explains why. not
repeated: one repetition of each says nothing about chance. not measured: one side has no such
figure."""


ConditionOutcome = Literal["fails", "passes", "undecided"]
"""Outcome of a condition under which a comparison fails.

fails: the whole interval satisfies the condition. passes: the whole interval contradicts it.
undecided: it does neither, or the figure has no interval."""


class ComparePlan(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """compare.json: the two experiments of a comparison, written before it starts."""

    schema: Literal[1] = 1
    name: str
    started: str
    """Start time, UTC, ISO 8601."""
    command: tuple[str, ...]
    titles: tuple[str, str]
    experiments: tuple[dict[str, Any], dict[str, Any]]
    repeat: int
    fail_if: tuple[str, ...] = ()
    """Conditions under which the comparison fails, as they were typed."""


class ComparedSide(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One side of the comparison."""

    name: str
    """``A`` or ``B``."""
    title: str
    """Name of the run or the experiment."""
    runs: tuple[str, ...]
    sustained_bits_per_second: tuple[float | None, ...]
    """Sustained rate of each repetition, in order. Several holds of one network are one
    repetition."""
    median_bits_per_second: float | None
    repeated: Literal["network", "rig"] = "network"
    """Subject of the repetition: newly drawn networks, or rigs without a network."""
    started: tuple[str, ...] = ()
    """Start time of each repetition, UTC, ISO 8601; empty in earlier records."""


class Ratio(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A figure of B over the same figure of A."""

    what: str
    unit: str
    a: float | None
    """Median of A's repetitions; where there are no pairs, their geometric mean."""
    b: float | None
    ratio: float | None
    """Geometric mean of the pairs' ratios; where there are no pairs, ratio of the geometric means
    of both sides."""
    lowest: float | None
    """Lowest ratio of the pairs; null if there is one run of each, or there are no pairs."""
    highest: float | None
    verdict: RatioVerdict
    interval: tuple[float, float] | None = None
    """Confidence interval of the true ratio. The level of 95 % holds for all judged figures at
    once. Null if there are too few pairs, if the figure is not judged, and in earlier records."""
    reason: str = ""
    """Why there is no interval although one could be expected."""
    pairs: int = 0
    """Number of pairs in which both sides have the figure; 0 in earlier records and where there
    are no pairs."""
    repetitions: tuple[int, int] | None = None
    """Number of repetitions of A and of B that have the figure, if the sides ran at different times
    and are not paired."""
    degrees: int = 0
    """Degrees of freedom of the interval of unpaired repetitions; otherwise 0."""


class JudgedCondition(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition under which the comparison fails, with its outcome."""

    text: str
    """The condition as it was typed, such as ``sustained < 95%``."""
    what: str
    """Figure that it is about, as in the ratios."""
    operator: Literal["<", ">"]
    bound: float
    """Ratio B/A that the interval of the figure's ratio is compared with."""
    outcome: ConditionOutcome
    sentence: str
    """The outcome in words, with the interval."""
    interval: tuple[float, float] | None = None
    """Interval of the ratio, as in the ratios; null if the figure has none."""
    pairs_needed: int | None = None
    """Number of pairs that would decide an undecided condition if they spread as these do; null if
    there is no interval, if it would take more than a thousand, or if there are no pairs."""
    repetitions_needed: tuple[int, int] | None = None
    """Number of repetitions of A and of B that would decide an undecided condition of unpaired
    sides, if they spread as these do; otherwise null."""


class Difference(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something in which the two sides differ, so that an unfair comparison is noticed."""

    kind: Literal["setting", "version", "host", "network", "measurement"]
    what: str
    a: str
    b: str


class Comparison(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two sides, how they differ, and the outcome."""

    schema: Literal[1] = 1
    a: ComparedSide
    b: ComparedSide
    alternated: bool
    """Whether the sides ran alternately, so that a drift of the machine affects both alike."""
    sentence: str
    """Verdict on the sustained rate."""
    ratios: tuple[Ratio, ...]
    """Ratios, that of the sustained rate first."""
    differences: tuple[Difference, ...]
    doubts: tuple[str, ...]
    """Reasons not to trust it: those of the runs' own trust sections, and unintended
    differences."""
    conditions: tuple[JudgedCondition, ...] = ()
    """Conditions under which it fails, in the order in which they were given."""

    @property
    def has_series(self) -> bool:
        """True if a side has several repetitions that were not run in turn with the other's."""
        sides = (self.a, self.b)
        return not self.alternated and any(
            len(side.sustained_bits_per_second) > 1 for side in sides
        )

"""repeat.json and repeat-result.json, schema 1: one experiment until its rate is known."""

from __future__ import annotations

from typing import Any, Literal

from onionrig.records import Part
from onionrig.records.thresholds import JudgedThreshold


class RepeatPlan(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is repeated and until when; written before the start, so that it can be resumed."""

    schema: Literal[1] = 1
    name: str
    started: str
    """Start time, UTC, ISO 8601."""
    command: tuple[str, ...]
    experiment: dict[str, Any]
    """The experiment as asked for; ``auto`` stays ``auto``."""
    within: float
    """Requested precision: largest relative error of the rate, at 95 % confidence."""
    budget_seconds: float
    first_stage: int
    """Number of networks after which their spread determines how many are needed in all."""

    @property
    def repeats(self) -> Literal["network", "rig"]:
        """What is set up again for each repetition: a rig without tors has no network."""
        kind = self.experiment.get("network", {}).get("kind")
        return "rig" if kind == "none" else "network"


class RunningMean(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was known of a figure after one of the repetitions."""

    mean: float
    """Geometric mean of the repetitions until then."""
    interval: tuple[float, float] | None
    """Confidence interval (95 %) of the true mean; null after the first repetition."""


class KnownFigure(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One figure over the repetitions, and how well it is known."""

    what: str
    unit: str
    values: tuple[float, ...]
    """Value of each repetition, in order."""
    mean: float
    """Geometric mean."""
    interval: tuple[float, float] | None
    """Confidence interval (95 %) of the true mean; null for a single repetition."""
    within: float | None
    """Distance from the mean to the interval's upper end, as a fraction of the mean."""
    running: tuple[RunningMean, ...] = ()
    """Mean and interval after each repetition, in order."""


class Repetition(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One repetition that has a sustained rate."""

    run: str
    """Name of its run directory."""
    started: str
    """Start time, UTC, ISO 8601."""
    sustained_bits_per_second: float
    sustained_on_reference_core_bits_per_second: float | None
    """Sustained rate as on the reference core; null if it is not carried over."""
    core_speed: float | None
    """Speed of the cores in the hold, relative to the reference core; null if it was not read."""
    cpu_seconds_per_gbit: float | None
    """CPU-seconds per Gbit of all roles together."""
    trusted: bool | None
    """Whether every check that could be made passed; null if none could be made."""
    bottleneck: str | None
    """Kind of the bottleneck."""


class RepeatResult(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Result of the repetitions so far."""

    schema: Literal[1] = 1
    name: str
    started: str
    repeated: Literal["networks", "rigs"]
    """Subject of the repetition: newly drawn networks, or rigs without a network. Several holds of
    one network count as one."""
    asked_within: float
    budget_seconds: float
    known: bool
    """Whether the sustained rate is known as precisely as requested."""
    needed: int | None
    """Number of repetitions needed, by the spread of the first stage; null until then."""
    sentence: str
    figures: tuple[KnownFigure, ...]
    """Figures, the sustained rate first; empty if nothing was measured. Those as on the reference
    core are included if every repetition has them, by one version of the yardstick."""
    runs: tuple[str, ...]
    """Run directory of each repetition, in order, relative to that of the series."""
    doubts: tuple[str, ...]
    thresholds: tuple[JudgedThreshold, ...] = ()
    """Thresholds of the experiment: the target compared with the mean rate, each other with its
    worst repetition."""
    repetitions: tuple[Repetition, ...] = ()
    """Figures of each repetition, in order."""
    first_stage: int | None = None
    """Number of repetitions whose spread determines how many are needed in all."""
    not_carried_over: str = ""
    """Explanation if the sustained rate has no figure as on the reference core."""

"""repeat.json and repeat-result.json, schema 1: one experiment until its rate is known."""

from __future__ import annotations

from typing import Any, Literal

from onionrig.records import Part


class RepeatPlan(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is repeated and until when; written before it starts, so that it can go on later."""

    schema: Literal[1] = 1
    name: str
    started: str
    """UTC, ISO 8601."""
    command: tuple[str, ...]
    experiment: dict[str, Any]
    """The experiment as it was asked; ``auto`` stays ``auto``."""
    within: float
    """Part of the rate by which it may be off, with a chance of 95 %."""
    budget_seconds: float
    first_stage: int
    """Number of networks whose spread says how many there must be in all."""

    @property
    def repeats(self) -> Literal["network", "rig"]:
        """What is set up anew each time: a rig without tors has no network."""
        kind = self.experiment.get("network", {}).get("kind")
        return "rig" if kind == "none" else "network"


class KnownFigure(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One figure over the repetitions, and how well it is known."""

    what: str
    unit: str
    values: tuple[float, ...]
    """The figure of each repetition, in order."""
    mean: float
    """Geometric mean."""
    interval: tuple[float, float] | None
    """Where the true mean lies, with a chance of 95 %; null for a single repetition."""
    within: float | None
    """Part of the mean that the interval's upper end is above it."""


class RepeatResult(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the repetitions came to so far."""

    schema: Literal[1] = 1
    name: str
    started: str
    repeated: Literal["networks", "rigs"]
    """What was repeated: networks drawn again, or rigs without a network. Holds of one network are
    one of them."""
    asked_within: float
    budget_seconds: float
    known: bool
    """Whether the sustained rate is known as well as was asked."""
    needed: int | None
    """Number of repetitions that it takes by the spread of the first stage; null until then."""
    sentence: str
    figures: tuple[KnownFigure, ...]
    """The sustained rate first; empty where nothing was measured."""
    runs: tuple[str, ...]
    """The run of each repetition, in order; below the directory of the series."""
    doubts: tuple[str, ...]

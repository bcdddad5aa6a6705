"""Thresholds that a run's figures are compared with: as asked, and as judged."""

from __future__ import annotations

from typing import Literal

from onionrig.records import Part

ThresholdFigure = Literal[
    "sustained rate",
    "smallest backend share",
    "time to first byte",
    "CPU-s per Gbit",
    "corrupt bytes",
    "failed streams",
    "doubts",
]
"""Figure that a threshold limits.

The smallest backend share is the share of the hold's bytes that the backend instance with the
fewest served. Failed streams are attempts that ended before the run did, and doubts are the reasons
not to trust the run."""
ThresholdBound = Literal["at least", "at most"]
"""Side of the limit on which the figure has to be."""
ThresholdOutcome = Literal["met", "missed", "unknown"]
"""Outcome of a threshold; one whose figure is unknown counts as missed."""


class Threshold(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A limit for one figure."""

    key: str
    """Key of the experiment that sets it, such as ``verdict.target``."""
    figure: ThresholdFigure
    of: str = ""
    """Percentile of a time to first byte, such as ``p95``, or the role of a cost; otherwise
    empty."""
    bound: ThresholdBound
    limit: float
    unit: str = ""
    """Unit of the limit; a ``share`` is a fraction from 0 to 1, and a plain number has none."""

    @property
    def name(self) -> str:
        """The figure with its percentile or role, as in ``time to first byte, p95``."""
        return f"{self.figure}, {self.of}" if self.of else self.figure


class JudgedThreshold(Threshold, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A threshold with the figure that was measured."""

    measured: float | None
    """Value of the figure; null if it is unknown."""
    outcome: ThresholdOutcome
    note: str = ""
    """Why the figure is unknown, or what it is of: the backend instance, the number of dials."""

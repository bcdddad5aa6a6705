"""What a plan is asked for."""

from __future__ import annotations

from typing import Literal

import msgspec

from onionrig.experiment.schema import Frontend
from onionrig.hardware.boards import Board
from onionrig.records.probe import Probe

PlannedMode = Literal["anonymous", "single-hop"]
PlannedBalancer = Literal["stock", "extended"]
MEASURED = "measured"
"""The kind of hardware that stands for hosts like those of the user's own run."""


class PlanQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: a target or a number of hosts; the other is None."""

    target_bits_per_second: float | None
    """Target of sustained goodput."""
    hosts: int | None
    headroom: float
    """Spare capacity, as a share of the target: 0.2 is a fifth."""
    mode: PlannedMode
    balancer: PlannedBalancer
    round_trip_seconds: float | None
    """Round-trip time of a loaded circuit; None for that of the measured costs."""
    streams: int | None
    """Number of streams open at once; None for as many as needed."""
    scale: float
    """Factor for links and cores, as in an emulated rig on a part of the machine."""
    link_bits_per_second: float | None
    """Link rate of each host, counting frames, which overrides the catalogue's."""

    @property
    def frontend(self) -> Frontend:
        """The configuration that publishes the address."""
        return Frontend(balancer=self.balancer)

    @property
    def wanted_bits_per_second(self) -> float | None:
        """The target including its headroom."""
        if self.target_bits_per_second is None:
            return None
        return self.target_bits_per_second * (1 + self.headroom)


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of hardware to plan for."""

    id: str
    board: Board | None
    """The board; None for hosts like those of the run, or known only by a probe."""
    probe: Probe | None
    """A probe of such a board."""

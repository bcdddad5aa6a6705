"""What a plan is asked for."""

from __future__ import annotations

from typing import Literal

import msgspec

from onionrig.experiment.schema import Frontend
from onionrig.hardware.boards import Board
from onionrig.records.probe import Probe

Mode = Literal["anonymous", "single-hop"]
Balancer = Literal["stock", "extended"]
MEASURED = "measured"
"""As a kind of hardware: hosts like those that the user's own run was measured on."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: a target, or a number of hosts; one of the two is None."""

    target_bits_per_second: float | None
    """Of goodput, sustained."""
    hosts: int | None
    headroom: float
    """Of the target, to be had beyond it: 0.2 is a fifth."""
    mode: Mode
    balancer: Balancer
    round_trip_seconds: float | None
    """None: as it was where the costs were measured."""
    streams: int | None
    """That will be open at once; None: as many as it takes."""
    scale: float
    """What links and cores are multiplied by, as in an emulated rig on a part of the machine."""
    link_bits_per_second: float | None
    """Of a host, frames counted, in place of the catalogue's."""

    @property
    def frontend(self) -> Frontend:
        """What publishes the address."""
        return Frontend(balancer=self.balancer)

    @property
    def wanted_bits_per_second(self) -> float | None:
        """The target with its headroom."""
        if self.target_bits_per_second is None:
            return None
        return self.target_bits_per_second * (1 + self.headroom)


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of hardware to plan for."""

    id: str
    board: Board | None
    """None for hosts like those of the run, or known by a probe alone."""
    probe: Probe | None
    """Of such a board."""

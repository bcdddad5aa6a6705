"""When the load begins, is held and ends: absolute wall-clock seconds, the same on every host."""

from __future__ import annotations

from typing import Literal

import msgspec

Reach = Literal["address", "instances"]
"""Target of the streams: the one address, or each backend instance's own in turn, past the
balancer."""


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The load's times as whole wall-clock seconds (Unix time)."""

    ramp_second: int
    """Second at whose start the first stream dials; the last one dials before ``hold_second``."""
    hold_second: int
    end_second: int
    """First second after the hold."""
    streams: int
    """Total number of streams."""
    reach: Reach = "address"

    @property
    def hold_seconds(self) -> int:
        """Length of the hold."""
        return self.end_second - self.hold_second

"""When the load begins, is held and ends: absolute wall-clock seconds, the same on every host."""

from __future__ import annotations

from typing import Literal

import msgspec

Reach = Literal["address", "instances"]
"""What streams dial: the one address, or each backend instance's own in turn, past the balancer."""


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The load's times as whole wall-clock seconds (Unix time)."""

    ramp_second: int
    """The first stream dials when this second begins, the last before ``hold_second``."""
    hold_second: int
    end_second: int
    """The first second that is no longer held."""
    streams: int
    """Streams in all."""
    reach: Reach = "address"

    @property
    def hold_seconds(self) -> int:
        """Length of the hold."""
        return self.end_second - self.hold_second

"""Locate a second in a run: its load, its phase, its distance from the hold's start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import msgspec

from onionrig.analysis.load.loads import events_of
from onionrig.records.events import Phase, Scheduled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.records.events import AnyEvent


class LoadTimes(msgspec.Struct, frozen=True, kw_only=True):
    """The loads of a run."""

    loads: tuple[Scheduled, ...]

    @classmethod
    def of(cls, events: Sequence[AnyEvent]) -> Self:
        """Return the loads that these events schedule."""
        return cls(loads=tuple(events_of(events, Scheduled)))

    def at(self, second: int) -> tuple[int | None, int | None, str | None]:
        """Return seconds since the hold began, the load's number from 1, and the phase.

        The phase is ramp, hold or drain. A second belongs to the last load that had begun; before
        the first one there is no phase, and time counts down to its hold. All are null if no load
        was scheduled.
        """
        if not self.loads:
            return None, None, None
        begun_loads = [
            (number, load)
            for number, load in enumerate(self.loads, start=1)
            if load.ramp_second <= second
        ]
        if not begun_loads:
            return second - self.loads[0].hold_second, None, None
        number, load = begun_loads[-1]
        return second - load.hold_second, number, _phase(second, load)


def _phase(second: int, load: Scheduled) -> str:
    if second < load.hold_second:
        return Phase.RAMP.value
    return Phase.HOLD.value if second < load.end_second else Phase.DRAIN.value

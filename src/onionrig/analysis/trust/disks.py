"""Check whether a machine waited for its disk; tor and the movers write little and never wait.

Something that reads or writes a lot beside them, or a card that hangs, can hold them up in logs,
records, state files, and programs that are read back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.analysis.hosts.counters import condition_rise, samples_by_machine
from onionrig.units import percent_text

if TYPE_CHECKING:
    from onionrig.analysis.load.loads import MeasuredLoad

MOST_WAITED_SHARE = 0.1
"""Share of the hold in which everything that is not idle may wait for a disk (a judgement): while
something else runs, the disk holds up nothing that is counted here."""


def disk_doubts(load: MeasuredLoad) -> list[str]:
    """Return a doubt for each machine on which nothing ran because all waited for a disk."""
    doubts = []
    for machine, hold_samples in samples_by_machine(load).items():
        waiting_rise = condition_rise(
            hold_samples, lambda counts: counts.full_disk_pressure_seconds
        )
        if waiting_rise and waiting_rise.share > MOST_WAITED_SHARE:
            doubts.append(
                f"{machine} waited for its disk: everything that was not idle did so for "
                f"{percent_text(waiting_rise.share)} of the hold"
            )
    return doubts

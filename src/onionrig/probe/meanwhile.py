"""What else the machine does while it is probed."""

from __future__ import annotations

import os
import time
from pathlib import Path

from onionrig.movers.sampler.host import cpu_states
from onionrig.movers.sampler.others import OutsideCpu, cpu_of_all, interrupt_threads
from onionrig.probe.troubles import Meanwhile


class OthersWatch:
    """Looks between timings, when no child of the probe runs, so that all CPU time is others'."""

    def __init__(self, cores: int) -> None:
        """Watch a machine that has so many cores, whether or not the probe may use them all."""
        self._cores = cores
        self._outside = OutsideCpu()
        self._not_outside = {os.getpid(), *interrupt_threads(Path("/proc"))}
        self._stolen_before = cpu_states().steal
        self._began_seconds = time.monotonic()
        self._others_cpu_seconds = 0.0
        self.look()

    def look(self) -> None:
        """Record what all processes have used."""
        self._others_cpu_seconds = self._outside.take(cpu_of_all(), rig=self._not_outside)

    def meanwhile(self) -> Meanwhile:
        """Return what other processes used until the last look."""
        seconds = max(time.monotonic() - self._began_seconds, 1e-9)
        stolen = max(cpu_states().steal - self._stolen_before, 0.0)
        return Meanwhile(
            cores=self._cores,
            others_cores=self._others_cpu_seconds / seconds,
            stolen_share=stolen / (seconds * self._cores),
        )

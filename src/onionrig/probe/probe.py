"""Probe this board: everything in order, one thing at a time, leaving nothing running."""

from __future__ import annotations

import datetime
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from onionrig import __version__
from onionrig.movers.sampler.board import BoardReader
from onionrig.probe.board import board_model, clock_hertz, instructions, with_cpu_model
from onionrig.probe.extent import Extent
from onionrig.probe.facts import host_facts, host_name
from onionrig.probe.interfaces import probed_interfaces
from onionrig.probe.loopback import loopback
from onionrig.probe.meanwhile import OthersWatch
from onionrig.probe.openssl import Untimed, all_cores_sha3, find_openssl, one_core, together
from onionrig.probe.troubles import troubles
from onionrig.processes.interrupts import interruptible
from onionrig.processes.surroundings import refuse_unfit_surroundings
from onionrig.processes.workspace import kept
from onionrig.records.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from onionrig.probe.openssl import OpensslProgram
    from onionrig.processes.workspace import Kept
    from onionrig.records.probe import Algorithm

WHOLE = Extent()


async def probe(
    report: Callable[[str, float], None] = lambda _doing, _share: None,
    *,
    extent: Extent = WHOLE,
    root: Path = Path("/"),
) -> Probe:
    """Measure what this board can do; ``report`` is called with each step and the share done.

    Raises Unequipped if something is missing, Interrupted or Terminated.
    """
    refuse_unfit_surroundings()
    openssl = find_openssl()
    facts = with_cpu_model(host_facts(host_name()), root)
    reader = BoardReader(root, vcgencmd=shutil.which("vcgencmd"))
    began_seconds = time.monotonic()
    async with interruptible(), kept() as keeping:
        before, watch = reader.read(), OthersWatch(facts.machine_cores or facts.cores)
        steps = _Steps(report, watch, extent.seconds)
        timings = _Timings()
        await timings.take(openssl, keeping, extent, steps)
        steps.begin("TCP over loopback", extent.loopback_seconds)
        transfer = await loopback(keeping, seconds=extent.loopback_seconds)
        steps.begin(f"sha3-256 on all {facts.cores} cores", extent.all_cores_seconds)
        at_once = await all_cores_sha3(
            openssl, facts.cores, keeping, seconds=extent.all_cores_seconds
        )
        after = reader.read()
        watch.look()
    return Probe(
        made=f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}",
        onionrig=__version__,
        seconds=time.monotonic() - began_seconds,
        host=facts,
        board_model=board_model(root),
        clock_hertz=clock_hertz(root),
        instructions=instructions(root),
        openssl=openssl.version,
        speeds=tuple(together(*timing, speeds) for timing, speeds in timings.rounds.items()),
        all_cores_sha3_bytes_per_second=at_once,
        loopback=transfer,
        interfaces=probed_interfaces(root),
        before=before,
        after=after,
        troubles=troubles(before, after, watch.meanwhile(), timings.rounds, timings.untimed),
    )


class _Steps:
    """Looks at the machine between steps, and reports progress."""

    def __init__(
        self, report: Callable[[str, float], None], watch: OthersWatch, whole_seconds: float
    ) -> None:
        self._report, self._watch, self._whole_seconds = report, watch, whole_seconds
        self._done_seconds = 0.0

    def begin(self, doing: str, seconds: float) -> None:
        self._watch.look()
        self._report(doing, self._done_seconds / self._whole_seconds)
        self._done_seconds += seconds


class _Timings:
    """Speeds of one core by algorithm and block, for every round, or why there are none."""

    def __init__(self) -> None:
        self.rounds: dict[tuple[Algorithm, int], list[float]] = {}
        self.untimed: dict[tuple[Algorithm, int], str] = {}

    async def take(
        self, openssl: OpensslProgram, keeping: Kept, extent: Extent, steps: _Steps
    ) -> None:
        seconds = extent.algorithm_seconds
        for number in range(1, extent.rounds + 1):
            for timing in extent.timed:
                algorithm, block_bytes = timing
                steps.begin(
                    f"one core, round {number} of {extent.rounds}: {algorithm} of {block_bytes} "
                    "bytes",
                    seconds,
                )
                if timing in self.untimed:
                    continue
                try:
                    speed = await one_core(
                        openssl, algorithm, block_bytes, keeping, seconds=seconds
                    )
                except Untimed as error:
                    self.untimed[timing] = str(error)
                    self.rounds.pop(timing, None)
                else:
                    self.rounds.setdefault(timing, []).append(speed)

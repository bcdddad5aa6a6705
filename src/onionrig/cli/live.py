"""Run under a live view: start the engine, feed the view from the files as they grow."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from typing import TYPE_CHECKING

import msgspec
import psutil

from onionrig.records.samples import HostSample, SinkSample, SourceSample
from onionrig.run.phases import run
from onionrig.store.run_directory import SAMPLER, SINK, SOURCE, RunDirectory
from onionrig.store.runs import RUNS
from onionrig.store.tails import RoleTails
from onionrig.views.live.progress import Progress
from onionrig.views.live.table import view_for

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from onionrig.engine.local.equipment import Equipment
    from onionrig.records.result import Result
    from onionrig.run.manifest import Asked

REDRAW_SECONDS = 1.0


class PartOf(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is a part of: a sweep, a comparison."""

    title: str = ""
    ends_seconds: float | None = None
    """When all of it should be over, on the monotonic clock."""
    after_loads_seconds: tuple[float, ...] = ()
    """What all of it takes after the end of each of the run's loads."""


ALONE = PartOf()


def run_watched(
    asked: Asked,
    equipment: Equipment,
    run_directory: RunDirectory,
    console: Console,
    part_of: PartOf = ALONE,
) -> Result:
    """Run what is asked under a live view on the console; return the result."""
    progress = Progress(
        target_bits_per_second=asked.experiment.verdict.target,
        streams=asked.experiment.load.streams,
        loads=len(asked.loads),
    )
    progress.shows_host = asked.experiment.network.kind == "none"
    progress.serves_only = asked.experiment.baseline.listen is not None
    progress.title = part_of.title
    progress.whole_ends_seconds = part_of.ends_seconds
    progress.after_loads_seconds = part_of.after_loads_seconds
    return asyncio.run(_watched(asked, equipment, run_directory, console, progress))


def default_out(name: str) -> Path:
    """Return where a run is made unless ``--out`` says otherwise."""
    now = datetime.datetime.now(datetime.UTC)
    return RUNS / f"{now:%Y%m%dT%H%M%SZ}-{name}"


async def _watched(
    asked: Asked,
    equipment: Equipment,
    run_directory: RunDirectory,
    console: Console,
    progress: Progress,
) -> Result:
    following = asyncio.create_task(_follow(progress, run_directory, console))
    try:
        return await run(asked, equipment, run_directory, progress.tell)
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following


async def _follow(progress: Progress, run_directory: RunDirectory, console: Console) -> None:
    """Redraw once a second from what the movers and the sampler have written."""
    source = RoleTails(run_directory, SOURCE, SourceSample)
    sink = RoleTails(run_directory, SINK, SinkSample)
    sampler = RoleTails(run_directory, SAMPLER, HostSample)
    with view_for(console, cores=psutil.cpu_count() or 1) as view:
        try:
            while True:
                if progress.serves_only:
                    progress.served(sample for _, sample in source.new())
                progress.sampled(sample for _, sample in sink.new())
                progress.used(sampler.new())
                view.show(progress)
                await asyncio.sleep(REDRAW_SECONDS)
        finally:
            view.show(progress)

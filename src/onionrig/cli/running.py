"""The run command: start the engine, feed the live view, print what came out."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from typing import TYPE_CHECKING

import psutil

from onionrig.engine.run import run
from onionrig.recorder.jsonl import Tail
from onionrig.recorder.run_directory import SAMPLER, SINK, RunDirectory
from onionrig.recorder.runs import RUNS
from onionrig.records.samples import HostSample, SinkSample
from onionrig.views.live import view_for
from onionrig.views.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from onionrig.engine.describe import Asked
    from onionrig.engine.run import Equipment
    from onionrig.records.result import Result

REDRAW_SECONDS = 1.0


def run_watched(
    asked: Asked, equipment: Equipment, run_directory: RunDirectory, console: Console
) -> Result:
    """Run what is asked under a live view on the console; return the result."""
    return asyncio.run(_watched(asked, equipment, run_directory, console))


def default_out(name: str) -> Path:
    """Return where a run is made unless ``--out`` says otherwise."""
    now = datetime.datetime.now(datetime.UTC)
    return RUNS / f"{now:%Y%m%dT%H%M%SZ}-{name}"


async def _watched(
    asked: Asked, equipment: Equipment, run_directory: RunDirectory, console: Console
) -> Result:
    progress = Progress(
        target_bits_per_second=asked.experiment.verdict.target,
        streams=asked.experiment.load.streams,
    )
    following = asyncio.create_task(_follow(progress, run_directory, console))
    try:
        return await run(asked, equipment, run_directory, progress.tell)
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following


async def _follow(progress: Progress, run_directory: RunDirectory, console: Console) -> None:
    """Redraw once a second from what the sink and the sampler have written."""
    sink = Tail(run_directory.sample_path(SINK), SinkSample)
    sampler = Tail(run_directory.sample_path(SAMPLER), HostSample)
    with view_for(console, cores=psutil.cpu_count() or 1) as view:
        try:
            while True:
                progress.sampled(sink.new())
                progress.used(sampler.new())
                view.show(progress)
                await asyncio.sleep(REDRAW_SECONDS)
        finally:
            view.show(progress)

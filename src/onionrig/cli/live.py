"""Run under a live view: start the engine, feed the view from the files as they grow.

A view is for people, or for programs: event lines, which are given the events themselves as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from typing import TYPE_CHECKING

from onionrig.analysis.load.lost_hosts import loss_text
from onionrig.engine.registry import opening_for
from onionrig.errors import (
    MEASURED,
    TARGET_MISSED,
    UNEXPECTED,
    HostLost,
    HostsInUse,
    OnionrigError,
    RecordsUnreadable,
)
from onionrig.experiment.names import SAMPLER, SINK, SOURCE
from onionrig.movers.sampler.allowed_cpu import read_allowed_cpu
from onionrig.records.result import Failure
from onionrig.records.samples import HostSample, SinkSample, SourceSample
from onionrig.run.phases import run
from onionrig.series.base import ALONE
from onionrig.store.refusals import explained
from onionrig.store.run_directory import new_beside_others
from onionrig.store.runs import RUNS
from onionrig.store.tails import RoleTails
from onionrig.views.live.event_lines import EventLines
from onionrig.views.live.progress import Progress
from onionrig.views.live.table import view_for

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from rich.console import Console

    from onionrig.engine.base import Opening
    from onionrig.experiment.question import Question
    from onionrig.records.events import AnyEvent
    from onionrig.records.result import Result
    from onionrig.series.base import PartOf, RunOne
    from onionrig.store.run_directory import RunDirectory
    from onionrig.views.live.table import View

REDRAW_SECONDS = 1.0


def run_watched(
    question: Question,
    opening: Opening,
    run_directory: RunDirectory,
    shown_by: Console | EventLines,
    part_of: PartOf = ALONE,
) -> Result:
    """Run a question under a live view on a console, or with event lines; return the result."""
    progress = Progress(
        target_bits_per_second=question.experiment.verdict.target,
        streams=question.experiment.load.streams_asked,
        loads=len(question.loads),
        shows_host=question.experiment.network.kind == "none",
        serves_only=question.serves_only,
        title=part_of.title,
        whole_ends_seconds=part_of.ends_seconds,
        after_loads_seconds=part_of.after_loads_seconds,
    )
    if not isinstance(shown_by, EventLines):
        view = view_for(shown_by, cores=read_allowed_cpu().cores)
        following = _follow(progress, run_directory, view)
        return asyncio.run(_watched(question, opening, run_directory, progress.tell, following))
    lines = shown_by

    def tell(event: AnyEvent) -> None:
        progress.tell(event)
        lines.tell(event)

    lines.started(question, run_directory)
    following = _follow(progress, run_directory, lines)
    try:
        result = asyncio.run(_watched(question, opening, run_directory, tell, following))
    except Exception as error:
        _tell_failure(error, run_directory, lines)
        raise
    code = HostLost.exit_code if result.lost_hosts else exit_code_of(result)
    lines.ended(run_directory, result, failure=None, exit_code=code)
    return result


def exit_code_of(result: Result) -> int:
    """Return the exit code of a verdict."""
    return TARGET_MISSED if result.verdict.missed else MEASURED


def runs_watched(shown_by: Console | EventLines) -> RunOne:
    """Return the function with which a series runs one question: here, under a live view.

    It raises HostLost for a run that went on without a host: its points are recorded, and doubted.
    """

    def run_one(question: Question, run_directory: RunDirectory, part_of: PartOf) -> Result:
        opening = opening_for(question.experiment)
        result = run_watched(question, opening, run_directory, shown_by, part_of)
        refuse_lost_hosts(result)
        return result

    return run_one


def refuse_lost_hosts(result: Result) -> None:
    """Raise HostLost, naming the hosts that were lost under load, if there are any."""
    if result.lost_hosts:
        losses = "; ".join(loss_text(lost) for lost in result.lost_hosts)
        names = ", ".join(lost.name for lost in result.lost_hosts)
        raise HostLost(
            f"{losses}; the run went on, and no verdict is given. Once {names} can be reached "
            "again, `onionrig cluster collect` fetches the records that are missing"
        )


def default_out(name: str) -> Path:
    """Make the directory of a run that has no ``--out``, and return it.

    Two runs that start in the same second get different ones. Raises RunDirectoryError.
    """
    now = datetime.datetime.now(datetime.UTC)
    return new_beside_others(RUNS / f"{now:%Y%m%dT%H%M%SZ}-{name}")


async def _watched(
    question: Question,
    opening: Opening,
    run_directory: RunDirectory,
    tell: Callable[[AnyEvent], None],
    follow: Coroutine[None, None, None],
) -> Result:
    """Run with a view that follows; a run for which the hosts were not free leaves no directory."""
    following = asyncio.create_task(follow)
    try:
        return await run(question, opening, run_directory, tell)
    except HostsInUse:
        run_directory.remove()
        raise
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following


def _tell_failure(error: Exception, run_directory: RunDirectory, lines: EventLines) -> None:
    """Write the end of a run that failed, with what it had measured if its files have anything."""
    explained_error = explained(error)
    code = UNEXPECTED if explained_error is None else explained_error.exit_code
    try:
        result = run_directory.read_result()
    except OnionrigError:
        result = None
    failure = Failure(
        error=type(explained_error or error).__name__,
        message=str(explained_error or error),
        exit_code=code,
    )
    lines.ended(run_directory, result, failure=failure, exit_code=code)


async def _follow(progress: Progress, run_directory: RunDirectory, view: View) -> None:
    """Redraw every second from what the movers and the sampler have written."""
    source = RoleTails(run_directory, SOURCE, SourceSample)
    sink = RoleTails(run_directory, SINK, SinkSample)
    sampler = RoleTails(run_directory, SAMPLER, HostSample)
    with view:
        try:
            places_known = False
            while True:
                places_known = places_known or _know_places(progress, run_directory)
                if progress.serves_only:
                    progress.served(sample for _, sample in source.new())
                progress.sampled(sample for _, sample in sink.new())
                progress.used(sampler.new())
                view.show(progress)
                await asyncio.sleep(REDRAW_SECONDS)
        finally:
            view.show(progress)


def _know_places(progress: Progress, run_directory: RunDirectory) -> bool:
    """Pass on where the services run once the manifest says so; return whether it did."""
    try:
        manifest = run_directory.read_manifest()
    except RecordsUnreadable:
        return False
    if manifest.services:
        progress.hosts.know(manifest)
    return bool(manifest.services)

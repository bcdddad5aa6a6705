"""A run, from what is asked to its result: the phases in order, and the way out of each."""

from __future__ import annotations

import asyncio
import datetime
from typing import TYPE_CHECKING

from onionrig.errors import UNEXPECTED, CorruptPayload, Interrupted, NothingServed, OnionrigError
from onionrig.experiment.happenings import planned as planned_in
from onionrig.processes.interrupts import interruptible
from onionrig.records.events import Phase
from onionrig.run.dials import dial_all
from onionrig.run.journal import Journal
from onionrig.run.load import put_on_load
from onionrig.run.manifest import manifest_before
from onionrig.run.standing import standing
from onionrig.store.account import finish

if TYPE_CHECKING:
    from collections.abc import Callable

    from onionrig.engine.local.equipment import Equipment
    from onionrig.records.events import AnyEvent
    from onionrig.records.manifest import Manifest
    from onionrig.records.result import Result
    from onionrig.run.manifest import Asked
    from onionrig.store.run_directory import RunDirectory


async def run(
    asked: Asked,
    equipment: Equipment,
    run_directory: RunDirectory,
    watch: Callable[[AnyEvent], None],
) -> Result:
    """Run what is asked and return its result; events are told to ``watch`` as they happen.

    Whatever ends it, nothing is left running, and the run directory has a result: ``aborted``
    where it ended early. Raises the error that ended it.
    """
    manifest = manifest_before(
        asked,
        run=run_directory.path.name,
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        equipment=equipment,
    )
    run_directory.write_manifest(manifest)
    journal = Journal(run_directory.events_path, watch)
    try:
        async with interruptible():
            await _through_all_phases(asked, equipment, run_directory, manifest, journal)
        journal.finished()
    except BaseException as error:
        if not (isinstance(error, Interrupted) and not asked.loads):
            _abort(error, run_directory, journal)
            raise
        journal.finished()
    finally:
        journal.close()
    result = finish(run_directory)
    if asked.loads:
        _refuse_unmeasured(result, run_directory)
    return result


async def _through_all_phases(
    asked: Asked,
    equipment: Equipment,
    run_directory: RunDirectory,
    manifest: Manifest,
    journal: Journal,
) -> None:
    async with standing(asked, equipment, run_directory, manifest, journal) as engine:
        await dial_all(engine, journal)
        for planned in asked.loads:
            await put_on_load(engine, planned, planned_in(asked.experiment), run_directory, journal)
        if not asked.loads:
            await _serve(journal)
        journal.phase(Phase.TEAR_DOWN)


async def _serve(journal: Journal) -> None:
    """Serve sinks that run elsewhere until Ctrl-C, which is how this is meant to end."""
    journal.phase(Phase.HOLD)
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        journal.phase(Phase.DRAIN)
        raise


def _abort(error: BaseException, run_directory: RunDirectory, journal: Journal) -> None:
    """Leave a run directory that says why it ended; what went wrong first is what is raised."""
    code = error.exit_code if isinstance(error, OnionrigError) else UNEXPECTED
    try:
        journal.failed(error, exit_code=code)
        finish(run_directory)
    except OnionrigError as further:
        error.add_note(f"the run directory could not be finished: {further}")


def _refuse_unmeasured(result: Result, run_directory: RunDirectory) -> None:
    if result.bytes.corrupt:
        raise CorruptPayload(
            f"{result.bytes.corrupt} bytes were not the payload; the attempts that met them are in "
            f"{run_directory.transfers_path}"
        )
    if not result.goodput.mean_bits_per_second:
        raise NothingServed(f"not one byte came in the hold; see {run_directory.transfers_path}")

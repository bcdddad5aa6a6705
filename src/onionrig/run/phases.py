"""A run, from the question to its result: the phases in order, and the way out of each."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.result import results_by_load
from onionrig.analysis.several_runs.holds_known import holds_known
from onionrig.errors import (
    UNEXPECTED,
    CorruptPayload,
    Interrupted,
    NothingServed,
    OnionrigError,
)
from onionrig.experiment.faults.planned import planned_faults
from onionrig.experiment.loads.registry import shape_of
from onionrig.processes.interrupts import ENDINGS, interruptible, noted_endings
from onionrig.records.events import Phase
from onionrig.records.result import Failure
from onionrig.run.dials import dial_all
from onionrig.run.load import put_on_load
from onionrig.run.run import Run
from onionrig.run.standing import standing
from onionrig.store.account import finish
from onionrig.store.refusals import explained

if TYPE_CHECKING:
    from collections.abc import Callable

    from onionrig.engine.base import Opening
    from onionrig.experiment.question import Question
    from onionrig.records.events import AnyEvent
    from onionrig.records.result import Result
    from onionrig.run.journal import Journal
    from onionrig.store.run_directory import RunDirectory


async def run(
    question: Question,
    opening: Opening,
    run_directory: RunDirectory,
    watch: Callable[[AnyEvent], None],
) -> Result:
    """Run a question and return its result; ``watch`` is given the events as they happen.

    Whatever ends it, nothing is left running, and the run directory has a result, which is
    ``aborted`` if the run ended early. Raises the error that ended it, and Interrupted or
    Terminated for a signal that came while the result was made.
    """
    current_run = Run(question, opening, run_directory, watch)
    try:
        async with interruptible():
            await through_all_phases(current_run, opening)
        current_run.journal.finished()
    except BaseException as error:
        # a rig that only serves is meant to end by Ctrl-C
        if not (isinstance(error, Interrupted) and question.serves_only):
            with noted_endings():  # who has no patience types Ctrl-C twice
                _record_abort(error, current_run)
            raise
        current_run.journal.finished()
    finally:
        current_run.journal.close()
    with noted_endings() as received:
        result = _finished(question, run_directory)
    if received:
        raise ENDINGS[received[0]]
    return result


def _finished(question: Question, run_directory: RunDirectory) -> Result:
    """Write the result of a run that went through its phases, and return it.

    Raises NothingServed or CorruptPayload, which the result then has as its failure.
    """
    result = finish(run_directory)
    if not question.serves_only:
        try:
            _refuse_unmeasured(question, result, run_directory)
        except OnionrigError as error:
            # it went through all its phases, and the result says why nothing came of it
            run_directory.write_result(msgspec.structs.replace(result, failure=_failure(error)))
            raise
    return result


async def through_all_phases(current_run: Run, opening: Opening) -> None:
    """Bring the rig up, put the loads on it in turn or serve, and collect the records."""
    question, journal = current_run.question, current_run.journal
    async with standing(current_run, opening) as (engine, rig):
        await dial_all(engine, rig, journal)
        faults = planned_faults(question.experiment)
        for planned_load in question.loads:
            await put_on_load(engine, rig, planned_load, faults, journal)
            if _is_rate_known(question, current_run.directory):
                break
        if question.serves_only:
            await _serve(journal)
        journal.phase(Phase.TEAR_DOWN)


def _is_rate_known(question: Question, run_directory: RunDirectory) -> bool:
    """Return whether the holds so far suffice, if they go on until the rate is known."""
    until_known = question.until_known
    if until_known is None:
        return False
    return holds_known(until_known, results_by_load(run_directory.recording())).known


async def _serve(journal: Journal) -> None:
    """Serve sinks that run elsewhere until Ctrl-C, which is how this is meant to end."""
    journal.phase(Phase.HOLD)
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        journal.phase(Phase.DRAIN)
        raise


def _record_abort(error: BaseException, current_run: Run) -> None:
    """Leave a run directory that says why it ended; the first error is the one that is raised."""
    own_error = explained(error)
    exit_code = UNEXPECTED if own_error is None else own_error.exit_code
    try:
        current_run.journal.failed(error, exit_code=exit_code)
        finish(current_run.directory)
    except OnionrigError as finishing_error:
        error.add_note(f"the run directory could not be finished: {finishing_error}")


def _failure(error: OnionrigError) -> Failure:
    return Failure(error=type(error).__name__, message=str(error), exit_code=error.exit_code)


def _refuse_unmeasured(question: Question, result: Result, run_directory: RunDirectory) -> None:
    if result.bytes.corrupt:
        raise CorruptPayload(
            f"{result.bytes.corrupt} bytes were not the payload; the attempts that met them are in "
            f"{run_directory.transfers_path}"
        )
    if not shape_of(question.experiment.load).counts_goodput:
        if not any(figure.value for figure in result.figures):
            raise NothingServed(f"nothing was measured in the hold; see {run_directory.path}")
    elif not result.goodput.mean_bits_per_second:
        raise NothingServed(f"not one byte came in the hold; see {run_directory.transfers_path}")

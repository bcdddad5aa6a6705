"""Write the result of a run from its records.

The controller calls it at the end; the keeper runs it as ``python -m onionrig.store.account RUN``
when the controller was killed, so that the run is recorded as ``aborted`` and what was measured is
kept.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from onionrig.analysis.result import analyse
from onionrig.errors import RecordsUnreadable
from onionrig.records.result import Result
from onionrig.store.run_directory import RunDirectory


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a run according to its files, with notes."""

    result: Result
    notes: tuple[str, ...]
    """Notes on the origin of the result, unless it is result.json as this version writes it, and on
    files of the run that are missing or damaged."""


def finish(run_directory: RunDirectory) -> Result:
    """Analyse a run directory and write its result.

    Raises RecordsUnreadable, and RunDirectoryError if the result cannot be written.
    """
    result = analyse(run_directory.recording())
    run_directory.write_result(result)
    return result


def account_of(run_directory: RunDirectory) -> Account:
    """Return the result of a run with notes on its files.

    Raises RecordsUnreadable if neither the result nor the manifest can be read; the message says
    what there is.
    """
    reason = "result.json is missing"
    try:
        stored_result = run_directory.stored_result()
    except RecordsUnreadable as error:
        stored_result, reason = None, str(error)
    if stored_result is not None:
        return Account(
            result=stored_result.value, notes=(*stored_result.gaps, *run_directory.absent())
        )
    try:
        recording = run_directory.recording()
    except RecordsUnreadable as error:
        raise RecordsUnreadable(f"{error}; {reason}; {run_directory.contents()}") from error
    result = analyse(recording)
    result_gaps = result.trust.missing if result.trust is not None else ()
    gaps = tuple(gap for gap in recording.gaps if gap not in result_gaps)
    return Account(result=result, notes=(f"{reason}: this is made from the records", *gaps))


if __name__ == "__main__":
    finish(RunDirectory(Path(sys.argv[1])))

"""Write the result of a run from what was recorded.

The controller calls it at the end; the keeper runs it as ``python -m onionrig.engine.finish RUN``
when the controller was killed, so that the run says ``aborted`` and what was measured is kept.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from onionrig.analysis.result import analyse
from onionrig.recorder.run_directory import RunDirectory

if TYPE_CHECKING:
    from onionrig.records.result import Result


def finish(run_directory: RunDirectory) -> Result:
    """Analyse a run directory and write its result.

    Raises RecordsUnreadable, and RunDirectoryError where the result cannot be written.
    """
    result = analyse(run_directory.recording())
    run_directory.write_result(result)
    return result


def summarised(run_directory: RunDirectory) -> Result:
    """Return the result of a run as it was written, or from its records where it was not.

    Raises RecordsUnreadable.
    """
    return run_directory.read_result() or analyse(run_directory.recording())


if __name__ == "__main__":
    finish(RunDirectory(Path(sys.argv[1])))

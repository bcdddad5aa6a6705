"""Run ``onionrig run`` from a benchmark, and read what it recorded."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from onionrig.errors import MEASURED, TARGET_MISSED, OnionrigError, RecordsUnreadable
from onionrig.records.result import Result
from onionrig.store.run_directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from onionrig.records.manifest import Manifest

ENDING_SECONDS = 120
"""Longest time that a run may take to clean up after Ctrl-C."""


class RunFailed(Exception):
    """A run ended without a measurement; it said why on standard error."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@contextlib.contextmanager
def exits_with_a_code() -> Iterator[None]:
    """Run a benchmark; an explained error, a failed run and a signal each end it with their code.

    SIGTERM ends it as Ctrl-C does, so that the run under way is ended, too.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    except OnionrigError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except RunFailed as failed:
        sys.exit(failed.code)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def recorded_run(
    arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> tuple[Manifest, Result]:
    """Run ``onionrig run`` with these arguments, and return what it recorded.

    Its directory is temporary, and ``environment`` stands in place of this process's own. Raises
    RunFailed, and RecordsUnreadable if what it printed is no result.
    """
    with tempfile.TemporaryDirectory(prefix="onionrig-benchmark-") as scratch:
        directory = Path(scratch) / "run"
        whole = ["run", "--json", "--no-report", "--out", str(directory), *arguments]
        printed = _printed_by(whole, environment)
        try:
            result = msgspec.json.decode(printed, type=Result)
        except msgspec.MsgspecError as error:
            raise RecordsUnreadable(f"what onionrig run --json printed: {error}") from error
        return RunDirectory(directory).read_manifest(), result


def _printed_by(arguments: Sequence[str], environment: Mapping[str, str] | None) -> bytes:
    """Return what ``onionrig`` prints. It is asked to end, and waited for, if this is interrupted.

    Raises RunFailed.
    """
    command = [sys.executable, "-m", "onionrig", *arguments]
    run = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment
    )
    try:
        printed, _ = run.communicate()
    except BaseException:
        run.send_signal(signal.SIGINT)  # a second one, after the terminal's, changes nothing
        run.communicate(timeout=ENDING_SECONDS)
        raise
    if run.returncode not in {MEASURED, TARGET_MISSED}:
        raise RunFailed(run.returncode if run.returncode > 0 else 1)
    return printed

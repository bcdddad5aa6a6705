"""Run an external program to its end: the one place that handles all the ways this can fail.

A program may be missing, built for another architecture, lack its interpreter, never end, or print
bytes that are not UTF-8. A program that runs as long as a rig is an owned process instead
(``onionrig.processes.owned``).
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from onionrig.errors import Unequipped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class NotRun(Unequipped):
    """A program could not be started, or did not end in time."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """Exit code and output of a program; bytes that are not UTF-8 are replaced."""

    code: int
    """Exit code, or minus the number of the signal that ended the program."""

    out: str
    err: str

    @property
    def complaint(self) -> str:
        """Why it failed: its exit code, and the last line of its errors."""
        lines = (self.err.strip() or self.out.strip()).splitlines()
        return f"exit code {self.code}" + (f": {lines[-1].strip()[:200]}" if lines else "")


def run_program(
    argv: Sequence[str],
    *,
    seconds: float,
    given: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run a program in a session of its own, with ``given`` as its input, and return its end.

    Raises NotRun, which names the program. If it misses its deadline, everything that it has
    started in its process group is killed with it.
    """
    try:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE if given else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise NotRun(_unstartable(argv[0], error)) from error
    with child:
        try:
            out, err = child.communicate(given or None, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            _kill_group(child)
            raise NotRun(
                f"{argv[0]} had not ended after {seconds:g} s and was killed: "
                f"{' '.join(argv)[:200]}"
            ) from error
        except BaseException:
            _kill_group(child)
            raise
    return Ended(
        code=child.returncode,
        out=out.decode("utf-8", errors="replace"),
        err=err.decode("utf-8", errors="replace"),
    )


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):  # it may have ended by now
        os.killpg(child.pid, signal.SIGKILL)


def _unstartable(program: str, error: OSError) -> str:
    """Explain why a program cannot be started."""
    if error.errno == errno.ENOEXEC:
        return f"{program} cannot be run here: it is damaged, or for another architecture"
    if error.errno == errno.ENOENT and "/" in program and Path(program).is_file():
        return f"{program} cannot be run here: the interpreter or loader that it needs is missing"
    return f"{program} cannot be started: {error.strerror}"

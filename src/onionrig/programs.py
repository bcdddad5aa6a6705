"""Run an external program to its end: the one place that handles all the ways this can fail.

A program may be missing, built for another architecture, lack its interpreter, never end, print
bytes that are not UTF-8, or print without end. A program that runs as long as a rig is an owned
process instead
(``onionrig.processes.owned``).
"""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import msgspec

from onionrig.errors import Unequipped
from onionrig.store.refusals import remedy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_BYTES = 64 << 20
"""Upper bound on what a program may print: some inventories have megabytes."""
_CHUNK_BYTES = 64 << 10


class NotRun(Unequipped):
    """A program could not be started, or did not end in time."""


def found(name: str, *, elsewhere: str = "") -> str | None:
    """Return the path of a program on PATH or in further directories, from the root, or None.

    PATH may have relative directories, and a program may be started from another directory.
    """
    path = shutil.which(name) or (shutil.which(name, path=elsewhere) if elsewhere else None)
    return None if path is None else str(Path(path).absolute())


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

    Raises NotRun, which names the program. If it misses its deadline, or prints without end,
    everything that it has started in its process group is killed with it.
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
            until = time.monotonic() + seconds
            out, err = _talk(child, argv[0], given, until=until)
            child.wait(max(0.0, until - time.monotonic()))
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


def _talk(
    child: subprocess.Popen[bytes], program: str, given: bytes, *, until: float
) -> tuple[bytes, bytes]:
    """Give a program its input, and return what it prints until it closes both its outputs.

    Raises TimeoutExpired, and NotRun if it prints more than any program that is only asked.
    """
    pipes = [cast("IO[bytes]", pipe) for pipe in (child.stdout, child.stderr)]
    printed = {pipe.fileno(): bytearray() for pipe in pipes}
    rest = memoryview(given)
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ)
        if child.stdin is not None:
            os.set_blocking(child.stdin.fileno(), False)
            selector.register(child.stdin, selectors.EVENT_WRITE)
        while selector.get_map():
            ready = selector.select(max(0.0, until - time.monotonic()))
            if time.monotonic() >= until:
                raise subprocess.TimeoutExpired(child.args, 0)
            for key, _ in ready:
                if key.fd in printed:
                    chunk = os.read(key.fd, _CHUNK_BYTES)
                    printed[key.fd] += chunk
                    is_over = not chunk
                else:
                    rest = _after_writing(key.fd, rest)
                    is_over = not rest
                if is_over:
                    selector.unregister(key.fileobj)
                    if key.fd not in printed:
                        cast("IO[bytes]", key.fileobj).close()  # which tells it that this was all
            if sum(map(len, printed.values())) > MOST_BYTES:
                raise NotRun(f"{program} printed more than {MOST_BYTES >> 20} MiB and was killed")
    out, err = printed.values()
    return bytes(out), bytes(err)


def _after_writing(descriptor: int, rest: memoryview) -> memoryview:
    """Write what a pipe takes, and return what remains."""
    try:
        return rest[os.write(descriptor, rest[:_CHUNK_BYTES]) :]
    except BlockingIOError:
        return rest
    except BrokenPipeError:  # it has read what it wanted, or has ended
        return rest[:0]


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):  # it may have ended by now
        os.killpg(child.pid, signal.SIGKILL)


def _unstartable(program: str, error: OSError) -> str:
    """Explain why a program cannot be started."""
    if error.errno == errno.ENOEXEC:
        return f"{program} cannot be run here: it is damaged, or for another architecture"
    if error.errno == errno.ENOENT and "/" in program and Path(program).is_file():
        return f"{program} cannot be run here: the interpreter or loader that it needs is missing"
    return f"{program} cannot be started: {error.strerror}{remedy(error)}"

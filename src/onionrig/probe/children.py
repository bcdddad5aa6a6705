"""Own the programs that a probe starts: none outlives the block that it was started in.

Each has a session of its own, so Ctrl-C reaches this program alone, which then ends them. A child
is reaped only as its block is left: until then the id of its group is nobody else's, and whatever
it has forked can be killed with it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import tempfile
from contextlib import asynccontextmanager
from typing import IO, TYPE_CHECKING

from onionrig.errors import Unequipped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from onionrig.processes.workspace import Kept


class Child:
    """A program; what it printed and its exit code are known once its block has been left."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._over = asyncio.get_running_loop().create_future()
        self._pidfd = os.pidfd_open(process.pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._end)
        self.code = 0
        """Negative for a signal."""
        self.out = ""
        self.err = ""

    async def over(self) -> None:
        """Wait for its end."""
        await asyncio.shield(self._over)

    def forget(self) -> None:
        """Stop waiting for it."""
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        if not self._over.done():
            self._over.set_result(None)


@asynccontextmanager
async def child(
    argv: Sequence[str], keeping: Kept, *, sockets: Sequence[int] = ()
) -> AsyncIterator[Child]:
    """Have a program run for a block; it inherits these sockets. Raises Unequipped."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = _spawned(argv, keeping, sockets, out, err)
        try:
            keeping.guard(process.pid)
            started = Child(process)
            try:
                yield started
            finally:
                started.forget()
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # it is not reaped: there is such a group
            process.wait()
        started.code, started.out, started.err = process.returncode, _text(out), _text(err)


def _spawned(
    argv: Sequence[str],
    keeping: Kept,
    sockets: Sequence[int],
    out: IO[bytes],
    err: IO[bytes],
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=keeping.workspace,
            env={**keeping.environment, "LC_ALL": "C"},
            pass_fds=sockets,
            start_new_session=True,
        )
    except OSError as error:
        raise Unequipped(f"{argv[0]} could not be started: {error}") from error


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")

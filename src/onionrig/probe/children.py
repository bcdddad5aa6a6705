"""Own the programs that a probe starts: none outlives the block in which it was started."""

from __future__ import annotations

import tempfile
from contextlib import asynccontextmanager
from typing import IO, TYPE_CHECKING

from onionrig.errors import Unequipped
from onionrig.processes.owned import OwnedProcess
from onionrig.store.refusals import remedy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from onionrig.processes.workspace import Kept


class ProbeChild:
    """A program; its output and exit code are known once its block has been left."""

    def __init__(self, process: OwnedProcess) -> None:
        self._process = process
        self.code = 0
        """Exit code; negative for a signal."""
        self.out = ""
        self.err = ""

    async def over(self) -> None:
        """Wait until the program has ended."""
        await self._process.ended()


@asynccontextmanager
async def child(
    argv: Sequence[str], keeping: Kept, *, sockets: Sequence[int] = ()
) -> AsyncIterator[ProbeChild]:
    """Run a program for a block; it inherits these sockets. Raises Unequipped."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = _start(argv, keeping, sockets, out, err)
        started = ProbeChild(process)
        try:
            keeping.guard(process.pid)
            yield started
        finally:
            started.code = process.kill()
        started.out, started.err = _text(out), _text(err)


def _start(
    argv: Sequence[str],
    keeping: Kept,
    sockets: Sequence[int],
    out: IO[bytes],
    err: IO[bytes],
) -> OwnedProcess:
    try:
        return OwnedProcess(
            argv,
            out=out,
            err=err,
            directory=keeping.workspace,
            environment={**keeping.environment, "LC_ALL": "C"},
            sockets=sockets,
        )
    except OSError as error:
        raise Unequipped(
            f"{argv[0]} could not be started: {error.strerror}{remedy(error)}"
        ) from error


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")

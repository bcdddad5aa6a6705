"""A child process that is ours from its start until it is reaped.

It has its own session, so Ctrl-C reaches only this program, which then ends it. A pidfd reports its
end, so nothing polls and nothing waits in a thread. When it is reaped, whatever it has forked into
its process group is killed: until then the id of that group cannot be anybody else's.

If this program is killed outright, its keeper ends the child. If the keeper is killed as well, for
instance by an out-of-memory killer, the kernel does: a child asks to be killed when its parent ends
(PR_SET_PDEATHSIG of prctl(2)). ``setpriv`` asks and then becomes the program, so process id,
signals and exit code are the program's own, and no code of ours runs between fork and exec, where
it could meet a lock that another thread held. The kernel takes the thread that has forked for the
parent, so only children of the main thread ask: that thread lasts as long as the program.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from onionrig.programs import NotRun, found, run_program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OutputFile = int | IO[bytes]
_SETPRIV_SECONDS = 10.0


class OwnedProcess:
    """A child and its end. Making one starts it, and raises OSError if that fails."""

    def __init__(  # noqa: PLR0913 - what a process is started with
        self,
        argv: Sequence[str],
        *,
        out: OutputFile,
        err: OutputFile,
        directory: Path | str,
        environment: Mapping[str, str],
        sockets: Sequence[int] = (),
    ) -> None:
        """Start the child; it inherits ``sockets``, beside the files that it prints to."""
        self.started_seconds = time.monotonic()
        self._child = subprocess.Popen(
            [*_ending_with_us(argv[0], environment), *argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=directory,
            env=dict(environment),
            pass_fds=sockets,
            start_new_session=True,
        )
        try:
            self._pidfd = os.pidfd_open(self._child.pid)
        except BaseException:
            self._end_group()
            raise
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(self._pidfd, self._reap)

    @property
    def pid(self) -> int:
        """Its process id, and that of its group."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether it has not been reaped."""
        return not self._ended.done()

    async def ended(self) -> int:
        """Wait for its end; return its exit code, negative for a signal."""
        return await asyncio.shield(self._ended)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it is still running."""
        if self.running:
            signal.pidfd_send_signal(self._pidfd, number)

    def kill(self) -> int:
        """Kill it with its group, if it is still running; return its exit code."""
        if self.running:
            self._reap()
        return self._ended.result()

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        code = self._end_group()
        os.close(self._pidfd)
        self._ended.set_result(code)

    def _end_group(self) -> int:
        with contextlib.suppress(OSError):  # it may have left nobody whom we may signal
            os.killpg(self._child.pid, signal.SIGKILL)
        return self._child.wait()


def _ending_with_us(program: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the prefix of a command that makes it end with this program; () if nothing can.

    A program that does not exist is started without it, so that the system reports the error.
    """
    exists = Path(program).is_file() or shutil.which(program, path=environment.get("PATH"))
    if threading.current_thread() is not threading.main_thread() or not exists:
        return ()
    return _setpriv()


@functools.cache
def _setpriv() -> tuple[str, ...]:
    """Return setpriv with its option; () if it is missing or lacks that, as busybox's does."""
    path = found("setpriv")
    if path is None:
        return ()
    asking = (path, "--pdeathsig", "KILL", "--")
    try:
        return asking if run_program([*asking, "true"], seconds=_SETPRIV_SECONDS).code == 0 else ()
    except NotRun:
        return ()

"""A workspace and the keeper that guards it, as one context.

Inside, the workspace exists (0700) and the keeper watches; afterwards the workspace, the keeper and
every process that carries the mark are gone. The controller holds a lock on a file of the
workspace, which the system releases however the controller ends: ``processes.leftovers`` uses it to
find out that a run has no controller any more.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import secrets
import select
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from onionrig.errors import DaemonDied
from onionrig.processes.keeper import DONE, GROUP, MARK, WATCHING
from onionrig.processes.surroundings import temporary_directory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

_logger = logging.getLogger(__name__)
_KEEPER_SECONDS = 10
_KEEPER_START_SECONDS = 60
"""Deadline of the keeper's start, which takes a tenth of a second, or seconds on a starved machine.
"""
CONTROLLER_LOCK = "controller.lock"
"""The file of a workspace that its controller keeps locked as long as it lives."""
ENVIRONMENT_KEPT = {"SPT_NOENV": "1"}
"""Makes setproctitle, which Onionbalance uses, leave the environment where it is."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The workspace and processes that the keeper guards."""

    workspace: Path
    environment: dict[str, str]
    """Environment of every process of the run: it carries the mark that the keeper looks for."""
    keeper_pid: int
    guard: Callable[[int], None]
    """Report a process of the run to the keeper."""
    guard_group: Callable[[str], None]
    """Report a control group of the run to the keeper, before the group exists."""


@asynccontextmanager
async def kept(*, finish: Sequence[str] = ()) -> AsyncIterator[Kept]:
    """Own a workspace for a block; ``finish`` is run if the controller dies inside it."""
    keeper, keeping = _start(finish)
    try:
        await asyncio.to_thread(_until_watching, keeper)
        with _made_and_locked(keeping.workspace):
            yield keeping
    finally:
        shutil.rmtree(keeping.workspace, ignore_errors=True)
        await asyncio.shield(asyncio.to_thread(_dismiss, keeper))


@contextmanager
def kept_without_a_loop() -> Iterator[Kept]:
    """Own a workspace for a block of a program that runs no event loop."""
    keeper, keeping = _start(())
    try:
        _until_watching(keeper)
        with _made_and_locked(keeping.workspace):
            yield keeping
    finally:
        shutil.rmtree(keeping.workspace, ignore_errors=True)
        _dismiss(keeper)


@contextmanager
def _made_and_locked(workspace: Path) -> Iterator[None]:
    """Make the workspace, and hold its lock for a block."""
    workspace.mkdir(mode=0o700)
    # not inherited by child processes, so that it ends with the controller
    handle = os.open(workspace / CONTROLLER_LOCK, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def has_controller(workspace: Path) -> bool | None:
    """Return whether the controller of a workspace's run is alive, or None if that is unknown.

    A workspace of an earlier version has no lock.
    """
    try:
        handle = os.open(workspace / CONTROLLER_LOCK, os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    else:
        return False
    finally:
        os.close(handle)


def _start(finish: Sequence[str]) -> tuple[subprocess.Popen[bytes], Kept]:
    """Start a keeper; the workspace is not made before it watches."""
    mark = secrets.token_hex(8)
    workspace = Path(temporary_directory()) / f"onionrig-{mark}"
    keeper = subprocess.Popen(
        [sys.executable, "-m", "onionrig.processes.keeper", mark, str(workspace), *finish],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={name: value for name, value in os.environ.items() if name != MARK},
    )
    return keeper, Kept(
        workspace=workspace,
        environment={**os.environ, MARK: mark, **ENVIRONMENT_KEPT},
        keeper_pid=keeper.pid,
        guard=lambda pid: _tell(keeper, b"%d\n" % pid),
        guard_group=lambda path: _tell(keeper, GROUP + os.fsencode(path) + b"\n"),
    )


def _until_watching(keeper: subprocess.Popen[bytes]) -> None:
    if keeper.stdout is None:
        raise TypeError("the keeper was started without a pipe")
    answers, _, _ = select.select([keeper.stdout], [], [], _KEEPER_START_SECONDS)
    if not answers or keeper.stdout.readline() != WATCHING:
        raise DaemonDied(f"the keeper did not start: {sys.executable} -m onionrig.processes.keeper")


def _tell(keeper: subprocess.Popen[bytes], line: bytes) -> None:
    if keeper.stdin is None:
        raise TypeError("the keeper was started without a pipe")
    try:
        keeper.stdin.write(line)
        keeper.stdin.flush()
    except BrokenPipeError as error:
        raise DaemonDied("the keeper died: nothing would clear up after a killed run") from error


def _dismiss(keeper: subprocess.Popen[bytes]) -> None:
    try:
        keeper.communicate(DONE, timeout=_KEEPER_SECONDS)
    except subprocess.TimeoutExpired:
        _logger.warning("the keeper did not end within %d s and was killed", _KEEPER_SECONDS)
        keeper.kill()
        keeper.wait()

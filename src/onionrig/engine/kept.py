"""A run's workspace and the keeper that guards it, as one context.

Inside, the workspace exists (0700) and the keeper watches; after it, workspace and keeper are gone.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from onionrig.engine.keeper import DONE, MARK, WATCHING
from onionrig.errors import DaemonDied

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

_logger = logging.getLogger(__name__)
_KEEPER_SECONDS = 10


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What the keeper guards."""

    workspace: Path
    environment: dict[str, str]
    """For every process of the run: it carries the mark that the keeper looks for."""
    keeper_pid: int


@asynccontextmanager
async def kept(*, finish: Sequence[str]) -> AsyncIterator[Kept]:
    """Own a workspace for a block; ``finish`` is run if the controller dies inside it."""
    mark = secrets.token_hex(8)
    workspace = Path(tempfile.gettempdir()) / f"onionrig-{mark}"
    keeper = subprocess.Popen(  # noqa: ASYNC220 - forks once, and must be there first
        [sys.executable, "-m", "onionrig.engine.keeper", mark, str(workspace), *finish],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={name: value for name, value in os.environ.items() if name != MARK},
    )
    try:
        await asyncio.to_thread(_until_watching, keeper)
        workspace.mkdir(mode=0o700)
        yield Kept(
            workspace=workspace,
            environment={**os.environ, MARK: mark},
            keeper_pid=keeper.pid,
        )
    finally:
        shutil.rmtree(workspace, ignore_errors=True)
        await asyncio.shield(asyncio.to_thread(_dismiss, keeper))


def _until_watching(keeper: subprocess.Popen[bytes]) -> None:
    if keeper.stdout is None or keeper.stdout.readline() != WATCHING:
        raise DaemonDied(f"the keeper did not start: {sys.executable} -m onionrig.engine.keeper")


def _dismiss(keeper: subprocess.Popen[bytes]) -> None:
    try:
        keeper.communicate(DONE, timeout=_KEEPER_SECONDS)
    except subprocess.TimeoutExpired:
        _logger.warning("the keeper did not end within %d s and was killed", _KEEPER_SECONDS)
        keeper.kill()
        keeper.wait()

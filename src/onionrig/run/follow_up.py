"""Follow up what was started again or told to go on: whether and when it answers."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from onionrig.tor.control import GONE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onionrig.engine.base import Engine
    from onionrig.rig.model import Service
    from onionrig.run.journal import Journal

PAUSE_SECONDS = 0.25
BOOTSTRAP = "status/bootstrap-phase"
UP = "PROGRESS=100"
"""Part of the answer of a tor that has bootstrapped (torspec: control-spec)."""


class FollowUp:
    """The tors that are asked until they answer, in tasks of a group."""

    def __init__(self, engine: Engine, journal: Journal, group: asyncio.TaskGroup) -> None:
        self._engine = engine
        self._journal = journal
        self._group = group
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._is_over = False

    def look_at(self, services: Iterable[Service]) -> None:
        """Ask the tors among these from now on, and journal when each of them answers."""
        for service in services:
            if service.control_path is None or self._is_over:
                continue
            if service.name in self._tasks:
                self._tasks[service.name].cancel()
            self._tasks[service.name] = self._group.create_task(self._wait_for_answer(service))

    def end(self) -> None:
        """Ask no more, so that the group can end."""
        self._is_over = True
        for task in self._tasks.values():
            task.cancel()

    async def _wait_for_answer(self, service: Service) -> None:
        while True:
            if await self._is_up(service):
                self._journal.answered(service.name)
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _is_up(self, service: Service) -> bool:
        with suppress(*GONE):
            async with self._engine.control(service) as tor:
                return UP in (await tor.info(BOOTSTRAP) or "")
        return False

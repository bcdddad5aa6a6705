"""The services of a run: start them, notice an unexpected death, reap every one.

Each is an owned process that writes to its log.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Self

import msgspec

from onionrig.errors import ERROR_CLASSES, DaemonDied, OnionrigError
from onionrig.processes.owned import OwnedProcess
from onionrig.processes.surroundings import without_proxies
from onionrig.store.lines import unwritable
from onionrig.tor.bootstrap import last_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

GRACE_SECONDS = 1.5
"""Seconds between SIGTERM and SIGKILL."""


class ProcessToStart(msgspec.Struct, frozen=True, kw_only=True):
    """A process to be started, in a process group of its own."""

    name: str
    argv: tuple[str, ...]
    directory: PurePath
    log_path: PurePath
    """File that its output goes to."""
    ours: bool = False
    """True for a program of ours, whose exit codes are those of ``onionrig.errors``."""


class Fleet:
    """All processes of a run. Entered, it can start them; left, every one is reaped.

    A process that ends before it may ends the block, with an error that says which and why.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        guard: Callable[[int], None] | None = None,
    ) -> None:
        self._environment = without_proxies(environment)
        self._guard = guard
        self._children: dict[str, ProcessToStart] = {}
        self._processes: dict[str, OwnedProcess] = {}
        self._may_end: set[OwnedProcess] = set()
        self._watching = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._watching.__aenter__()
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            await asyncio.shield(self._stop_all())
        finally:
            try:
                await self._watching.__aexit__(
                    type(error) if error else None, error, error.__traceback__ if error else None
                )
            except BaseExceptionGroup as several:
                raise first_of_ours(several) from several

    def start(self, child: ProcessToStart) -> OwnedProcess:
        """Start a child. Raises RunDirectoryError or DaemonDied if it cannot be started."""
        process = _started(child, self._environment)
        self._children[child.name], self._processes[child.name] = child, process
        if self._guard is not None:
            self._guard(process.pid)
        self._watching.create_task(self._watch(child, process))
        return process

    def processes(self) -> dict[str, int]:
        """Return the process ids of the running processes, by name."""
        return {name: process.pid for name, process in self._processes.items() if process.running}

    async def end(self, name: str, number: signal.Signals) -> None:
        """End a child by a signal and wait for it; its end counts as expected.

        One that takes longer than the grace period is killed.
        """
        process = self._processes[name]
        self._may_end.add(process)
        process.signal(number)
        process.signal(signal.SIGCONT)  # a stopped process would not hear the first
        try:
            async with asyncio.timeout(GRACE_SECONDS):
                await process.ended()
        except TimeoutError:
            process.signal(signal.SIGKILL)
            await process.ended()

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a child."""
        self._processes[name].signal(number)

    async def finished(self, name: str) -> None:
        """Wait for a child that ends by itself; an exit code other than 0 is an error."""
        child, process = self._children[name], self._processes[name]
        self._may_end.add(process)
        code = await process.ended()
        if code:
            raise _death(child, process, code)

    async def _watch(self, child: ProcessToStart, process: OwnedProcess) -> None:
        code = await process.ended()
        if process not in self._may_end:
            raise _death(child, process, code)

    async def _stop_all(self) -> None:
        self._may_end.update(self._processes.values())
        running = [process for process in self._processes.values() if process.running]
        for process in running:
            process.signal(signal.SIGTERM)
            process.signal(signal.SIGCONT)  # a stopped process would not hear the first
        ends = [asyncio.ensure_future(process.ended()) for process in running]
        if ends:
            await asyncio.wait(ends, timeout=GRACE_SECONDS)
        for process in running:
            process.signal(signal.SIGKILL)
        await asyncio.gather(*ends)


def _started(child: ProcessToStart, environment: Mapping[str, str]) -> OwnedProcess:
    path = Path(child.log_path)
    try:
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        return OwnedProcess(
            child.argv,
            out=log,
            err=log,
            directory=str(child.directory),
            environment=environment,
        )
    except OSError as error:
        raise DaemonDied(f"{child.name} could not be started: {child.argv[0]}: {error}") from error
    finally:
        os.close(log)


def _death(child: ProcessToStart, process: OwnedProcess, code: int) -> OnionrigError:
    return death(
        child.name,
        code,
        ours=child.ours,
        after_seconds=time.monotonic() - process.started_seconds,
        last=last_line(Path(child.log_path)),
        log=str(child.log_path),
    )


def death(  # noqa: PLR0913 - who, how, when, and what it said where
    name: str, code: int, *, ours: bool, after_seconds: float, last: str, log: str
) -> OnionrigError:
    """Return the error for an unexpected end; the code is negative for a signal.

    ``ours`` is true for a program of ours, whose exit codes are those of its errors.
    """
    error_class = {kind.exit_code: kind for kind in ERROR_CLASSES}.get(code)
    if ours and error_class is not None:
        message = last.removeprefix("error: ")
        return error_class(message if message != last else f"{name}: {error_class.meaning}")
    how = (
        f"was killed by {signal.Signals(-code).name}"
        if code < 0
        else f"ended with exit code {code}"
    )
    return DaemonDied(
        f"{name} {how} {after_seconds:.0f} s after its start; its last line: {last}; its log: {log}"
    )


def first_of_ours(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error that the group came from: one of ours if there is one."""
    errors = list(_leaves(group))
    return next((error for error in errors if isinstance(error, OnionrigError)), errors[0])


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return leaves

"""The output of a run's services on their hosts, as it is or as it grows."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from onionrig.cluster.asking import Answers, on_all
from onionrig.cluster.choosing import named_run, runs_there, standing_or_newest
from onionrig.cluster.state import host_state
from onionrig.engine.ansible.connection import CommandFailed
from onionrig.engine.ansible.mirror import READ_BYTES, Demultiplexer, tail_argv
from onionrig.engine.ansible.opening import RECORDS
from onionrig.errors import HostLost, RecordsUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from onionrig.cluster.choosing import RunThere
    from onionrig.engine.ansible.access import Access
    from onionrig.engine.ansible.connection import SshConnection

LOGS = "logs"
SUFFIX = ".log"
PRINT_SECONDS = 60.0

Tell = Callable[[str, str], None]
"""Callback that takes the name of a service, and a line that it has printed."""


class ServiceLog(msgspec.Struct, frozen=True, kw_only=True):
    """The output of one service."""

    service: str
    host: str
    path: PurePosixPath


async def pass_on_logs(  # noqa: PLR0913 - each says something else of what is wanted
    accesses: Iterable[Access],
    name: str | None,
    run_name: str | None,
    *,
    lines: int,
    keeps_on: bool,
    begin: Callable[[str, Sequence[str]], Tell],
) -> Answers[None]:
    """Pass on the logs of a service, a host, or all; return which hosts gave no answer.

    ``begin`` is given the run and the services of the logs, and returns the callback for lines.
    Raises RecordsUnreadable if there are none.
    """
    reached = tuple(accesses)
    states = await on_all(reached, host_state)
    runs = runs_there(states.found)
    if not runs:
        states.refuse_problems()
    run = standing_or_newest(runs) if run_name is None else named_run(runs, run_name)
    if run is None:
        raise RecordsUnreadable(
            f"no host has logs of a run {run_name}; they have those of "
            f"{', '.join(known_run.text for known_run in runs.values()) or 'no run'}"
        )
    found_logs = await logs_there([access for access in reached if access.name in run.kept], run)
    chosen = chosen_logs(found_logs.found, name, run.run)
    tell = begin(run.text, sorted(log.service for log in chosen))
    telling = follow if keeps_on else last_lines
    problems = await telling(reached, chosen, lines, tell)
    return Answers(found={}, problems={**states.problems, **found_logs.problems, **problems})


async def logs_there(accesses: Iterable[Access], run: RunThere) -> Answers[tuple[ServiceLog, ...]]:
    """Return the logs of a run that each host has."""
    directory = RECORDS / run.directory / LOGS

    async def listed(connection: SshConnection) -> tuple[ServiceLog, ...]:
        try:
            printed = await connection.run(("ls", "-1", str(directory)))
        except CommandFailed:
            return ()  # the host has no part in the run, or nothing was started there
        return tuple(
            ServiceLog(
                service=name.removesuffix(SUFFIX), host=connection.host, path=directory / name
            )
            for name in printed.decode(errors="replace").splitlines()
            if name.endswith(SUFFIX)
        )

    return await on_all(accesses, listed)


def chosen_logs(
    logs: Mapping[str, tuple[ServiceLog, ...]], name: str | None, run: str
) -> tuple[ServiceLog, ...]:
    """Return the logs of a service or of a host, or all of them if no name is given.

    Raises RecordsUnreadable if there are none; the message lists what there is.
    """
    every = tuple(log for several in logs.values() for log in several)
    chosen = tuple(log for log in every if name in {None, log.service, log.host})
    if chosen:
        return chosen
    if name is None:
        raise RecordsUnreadable(f"{run}: no service has printed anything yet")
    names = sorted({log.service for log in every} | set(logs))
    alike = difflib.get_close_matches(name, names, n=3)
    if alike:
        raise RecordsUnreadable(f"{run} has no log of {name}; there is {', '.join(alike)}")
    raise RecordsUnreadable(
        f"{run} has no log of {name}; its services and hosts are {', '.join(names)}"
    )


async def last_lines(
    accesses: Iterable[Access], logs: Iterable[ServiceLog], lines: int, tell: Tell
) -> dict[str, str]:
    """Pass on the last lines of logs, host by host; return why a host gave no answer."""
    by_host = _by_host(logs)

    async def printed_on(connection: SshConnection) -> bytes:
        paths = [str(log.path) for log in by_host[connection.host]]
        return await connection.run(
            ("tail", "--verbose", f"--lines={lines}", *paths), seconds=PRINT_SECONDS
        )

    answers = await on_all((access for access in accesses if access.name in by_host), printed_on)
    for printed in answers.found.values():
        log_lines = LogLines(tell)
        log_lines.take(printed)
        log_lines.end()
    return answers.problems


async def follow(
    accesses: Iterable[Access], logs: Iterable[ServiceLog], lines: int, tell: Tell
) -> dict[str, str]:
    """Pass on what logs have and get, until every host has gone; return why each has."""
    by_host = _by_host(logs)

    async def followed(connection: SshConnection) -> None:
        argv = tail_argv((log.path for log in by_host[connection.host]), lines=str(lines))
        log_lines = LogLines(tell)
        async with connection.running(argv) as tail:
            if tail.stdout is None or tail.stderr is None:
                raise TypeError("tail was started without pipes")
            while content := await tail.stdout.read(READ_BYTES):
                log_lines.take(content)
            complaint = (await tail.stderr.read()).decode(errors="replace").strip()
        log_lines.end()
        raise HostLost(f"{connection.host}: following has ended: {complaint or 'without a word'}")

    return (
        await on_all((access for access in accesses if access.name in by_host), followed)
    ).problems


class LogLines:
    """Splits what ``tail`` prints for several logs, and passes on each complete line."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._parts = Demultiplexer()
        self._begun: dict[str, bytes] = {}

    def take(self, printed: bytes) -> None:
        """Take in what was printed."""
        for path, piece in self._parts.take(printed):
            service = path.name.removesuffix(SUFFIX)
            *lines, rest = (self._begun.pop(service, b"") + piece).split(b"\n")
            for line in lines:
                self._tell(service, line.decode(errors="replace"))
            if rest:
                self._begun[service] = rest

    def end(self) -> None:
        """Pass on the lines that were never ended: nothing more comes."""
        for service, line in self._begun.items():
            self._tell(service, line.decode(errors="replace"))
        self._begun.clear()


def _by_host(logs: Iterable[ServiceLog]) -> dict[str, list[ServiceLog]]:
    by_host: dict[str, list[ServiceLog]] = {}
    for log in logs:
        by_host.setdefault(log.host, []).append(log)
    return by_host

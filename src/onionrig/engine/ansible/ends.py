"""Which services of a run have ended on their hosts, and which ends nobody had asked for."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ServiceEnds:
    """Takes in the lines that the units append as their services end."""

    def __init__(self) -> None:
        self._ended: dict[str, asyncio.Future[int]] = {}
        self._started_seconds: dict[str, float] = {}
        self._may_end: set[str] = set()
        self._pending = b""
        self.unexpected: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
        """Services that ended although nobody had asked them to, with their exit codes."""

    def started(self, name: str) -> None:
        """Take in that a service has been started, perhaps again."""
        self._ended[name] = asyncio.get_running_loop().create_future()
        self._started_seconds[name] = time.monotonic()
        self._may_end.discard(name)

    def may_end(self, names: Iterable[str]) -> None:
        """Take in that an end of these services is meant."""
        self._may_end.update(names)

    def age_seconds(self, name: str) -> float:
        """Return how long ago a service was started."""
        return time.monotonic() - self._started_seconds[name]

    def runs(self, name: str) -> bool:
        """Return whether a service has been started and has not been seen to end."""
        return name in self._ended and not self._ended[name].done()

    async def ended(self, name: str) -> int:
        """Wait for a service's end; return its exit code, negative for a signal."""
        return await asyncio.shield(self._ended[name])

    def lost(self, names: Iterable[str]) -> None:
        """Take in that these services cannot be heard of any more: they count as ended well."""
        for name in names:
            self._may_end.add(name)
            if self.runs(name):
                self._ended[name].set_result(0)

    def hear(self, piece: bytes) -> None:
        """Take in what the units have appended: ``service exited 0``, ``service killed KILL``."""
        *lines, self._pending = (self._pending + piece).split(b"\n")
        for line in lines:
            words = line.decode(errors="replace").split()
            if len(words) == len(("service", "code", "status")):
                self._hear(words[0], exit_code(words[1], words[2]))

    def _hear(self, name: str, code: int) -> None:
        if not self.runs(name):
            return
        self._ended[name].set_result(code)
        if name not in self._may_end:
            self.unexpected.put_nowait((name, code))


def exit_code(how: str, status: str) -> int:
    """Return an exit code, negative for a signal, from what systemd gives ``ExecStopPost``.

    A status is a number or a name, of a signal where the service was killed (systemd.exec(5),
    ``$EXIT_STATUS``); a code that has only a name is that of systemd's own failing, as EXEC.
    """
    if how == "exited":
        return int(status) if status.isdecimal() else 200
    try:
        return -signal.Signals[f"SIG{status}"].value
    except KeyError:
        return -signal.SIGKILL.value

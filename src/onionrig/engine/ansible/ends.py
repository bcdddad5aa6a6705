"""Which services of a run have ended on their hosts, and which of them ended unexpectedly."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ServiceEnds:
    """Reads the lines that the units append as their services end."""

    def __init__(self) -> None:
        self._ended: dict[str, asyncio.Future[int]] = {}
        self._started_seconds: dict[str, float] = {}
        self._may_end: set[str] = set()
        self._pending = b""
        self.unexpected: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
        """Services that ended unexpectedly, with their exit codes."""

    def started(self, name: str) -> None:
        """Record that a service has been started, perhaps again."""
        self._ended[name] = asyncio.get_running_loop().create_future()
        self._started_seconds[name] = time.monotonic()
        self._may_end.discard(name)

    def may_end(self, names: Iterable[str]) -> None:
        """Record that these services are expected to end."""
        self._may_end.update(names)

    def age_seconds(self, name: str) -> float:
        """Return how long ago a service was started."""
        return time.monotonic() - self._started_seconds[name]

    def runs(self, name: str) -> bool:
        """Return whether a service has been started and has not been seen to end."""
        return name in self._ended and not self._ended[name].done()

    async def ended(self, name: str) -> int:
        """Wait until a service has ended; return its exit code, negative for a signal."""
        return await asyncio.shield(self._ended[name])

    def lost(self, names: Iterable[str]) -> None:
        """Record that these services can no longer be observed: they count as having ended well."""
        for name in names:
            self._may_end.add(name)
            if self.runs(name):
                self._ended[name].set_result(0)

    def hear(self, piece: bytes) -> None:
        """Process what the units have appended: ``service exited 0``, ``service killed KILL``."""
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

    A status is a number or a name, the latter for a signal that killed the service
    (systemd.exec(5), ``$EXIT_STATUS``). An exit code that has only a name, such as EXEC, is a
    failure of systemd itself.
    """
    if how == "exited":
        return int(status) if status.isdecimal() else 200
    try:
        return -signal.Signals[f"SIG{status}"].value
    except KeyError:
        return -signal.SIGKILL.value

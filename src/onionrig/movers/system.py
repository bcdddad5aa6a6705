"""What a process that moves bytes needs of its system: sockets enough, and signals heard."""

from __future__ import annotations

import resource
import signal
import socket
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import FrameType, TracebackType


def allow_many_sockets() -> None:
    """Raise this process's limit of open files to what its owner may have: a socket a stream."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class StopRequest:
    """SIGTERM and SIGINT as something an event loop waits for beside its sockets."""

    def __init__(self) -> None:
        self.asked = False
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)

    def fileno(self) -> int:
        """Return a descriptor that is readable once a stop is asked for."""
        return self._reader.fileno()

    def __enter__(self) -> Self:
        signal.set_wakeup_fd(self._writer.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # the signals stay caught: a second one must not spoil an orderly end
        signal.set_wakeup_fd(-1)
        self._reader.close()
        self._writer.close()

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True

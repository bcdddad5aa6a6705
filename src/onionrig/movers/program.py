"""How a process of ours begins and ends: orders, enough sockets, signals, errors reported."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

import msgspec

from onionrig.errors import OnionrigError, RecordsUnreadable, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

Told = TypeVar("Told", bound=msgspec.Struct)


def run_with_orders(kind: type[Told], run: Callable[[Told], None]) -> None:
    """Run a process on the orders file that its command line names.

    Returns when it has ended well; a known error is printed on standard error and ends the process
    with the error's exit code.
    """
    try:
        if len(sys.argv) != len(("program", "orders")):
            raise UsageError("give one argument, the orders file")
        run(read_json(sys.argv[1], kind))
    except OnionrigError as error:
        # its log may be on the very disk that is full: then the exit code alone reports the error
        with contextlib.suppress(OSError):
            os.write(sys.stderr.fileno(), f"error: {error}\n".encode())
        sys.exit(error.exit_code)


def read_json(path: str, kind: type[Told]) -> Told:
    """Return the one value that a file holds. Raises RecordsUnreadable if it cannot be read."""
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=kind)
    except OSError as error:
        raise RecordsUnreadable(f"{path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise RecordsUnreadable(f"{path}: {error}") from error


def allow_many_sockets() -> None:
    """Raise this process's limit of open files to the hard limit: every stream needs a socket."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class StopRequest:
    """SIGTERM and SIGINT as something that an event loop waits for beside its sockets."""

    def __init__(self) -> None:
        self.requested = False
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)

    def fileno(self) -> int:
        """Return a descriptor that is readable once a stop is requested."""
        return self._reader.fileno()

    def __enter__(self) -> Self:
        signal.set_wakeup_fd(self._writer.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # the signals stay caught: a second one must not disturb an orderly end
        signal.set_wakeup_fd(-1)
        self._reader.close()
        self._writer.close()

    def _request(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True

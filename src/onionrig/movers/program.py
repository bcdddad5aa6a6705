"""How a process of ours begins and ends: orders read, errors told."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from onionrig.errors import OnionrigError, RecordsUnreadable, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

Told = TypeVar("Told", bound=msgspec.Struct)


def run_with_orders(kind: type[Told], run: Callable[[Told], None]) -> None:
    """Run a process on the orders file its command line names.

    Returns when it has ended well; an error we know is told on standard error and ends the
    process with the error's exit code.
    """
    try:
        if len(sys.argv) != len(("program", "orders")):
            raise UsageError("give one argument, the orders file")
        run(read_json(sys.argv[1], kind))
    except OnionrigError as error:
        # its log may be on the very disk that is full: then the exit code says it alone
        with contextlib.suppress(OSError):
            os.write(sys.stderr.fileno(), f"error: {error}\n".encode())
        sys.exit(error.exit_code)


def read_json(path: str, kind: type[Told]) -> Told:
    """Read a file that holds one value. Raises RecordsUnreadable if it cannot be read."""
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=kind)
    except OSError as error:
        raise RecordsUnreadable(f"{path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise RecordsUnreadable(f"{path}: {error}") from error

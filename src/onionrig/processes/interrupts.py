"""Turn Ctrl-C, SIGTERM and SIGHUP into an orderly end of a block."""

from __future__ import annotations

import asyncio
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from onionrig.errors import Interrupted, OnionrigError, Terminated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ENDINGS: dict[signal.Signals, OnionrigError] = {
    signal.SIGINT: Interrupted("interrupted by Ctrl-C"),
    signal.SIGTERM: Terminated("ended by SIGTERM"),
    signal.SIGHUP: Terminated("ended by SIGHUP: the terminal closed"),
}


@asynccontextmanager
async def interruptible() -> AsyncIterator[None]:
    """Cancel the block on the first such signal, let it clean up, and raise what it means.

    Further signals while it cleans up are ignored: cleaning up is bounded, and a half of it would
    be left to the keeper. Raises Interrupted or Terminated.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("interruptible() needs a task to cancel")
    received: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        if not received:
            received.append(number)
            task.cancel()

    for number in ENDINGS:
        loop.add_signal_handler(number, stop, number)
    try:
        yield
    except asyncio.CancelledError:
        if not received:
            raise
        task.uncancel()
        raise ENDINGS[received[0]] from None
    finally:
        for number in ENDINGS:
            loop.remove_signal_handler(number)

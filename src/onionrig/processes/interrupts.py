"""Turn Ctrl-C, SIGTERM and SIGHUP into an orderly end of a block.

A signal that was ignored as the program started stays ignored, as nohup intends for SIGHUP.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from onionrig.errors import Interrupted, OnionrigError, Terminated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ENDINGS: dict[signal.Signals, OnionrigError] = {
    signal.SIGINT: Interrupted("interrupted by Ctrl-C"),
    signal.SIGTERM: Terminated("ended by SIGTERM"),
    signal.SIGHUP: Terminated("ended by SIGHUP: the terminal closed"),
}


@asynccontextmanager
async def interruptible() -> AsyncIterator[None]:
    """Cancel the block on the first such signal, let it clean up, and raise the matching error.

    Further signals are ignored during the clean-up: it is bounded, and half of it would be left to
    the keeper. After the block they have the effect that they had before it. Raises Interrupted or
    Terminated.
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

    before = {number: signal.getsignal(number) for number in _not_ignored()}
    for number in before:
        loop.add_signal_handler(number, stop, number)
    try:
        yield
    except asyncio.CancelledError:
        if not received:
            raise
        task.uncancel()
        raise ENDINGS[received[0]] from None
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


@contextmanager
def noted_endings() -> Iterator[list[signal.Signals]]:
    """Yield a list of the ending signals received, for a block that ends itself on the first."""
    received: list[signal.Signals] = []
    before = {
        number: signal.signal(number, lambda number, _: received.append(signal.Signals(number)))
        for number in _not_ignored()
    }
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _not_ignored() -> list[signal.Signals]:
    return [number for number in ENDINGS if signal.getsignal(number) is not signal.SIG_IGN]

"""Keep processes busy beside a measurement, and end them with it.

Each is ended by its own id as the block is left, whatever the reason. It ignores Ctrl-C, which a
terminal sends to all of them, and ends by itself if the process that started it is gone.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIB = 1 << 20
STEPS = 200_000
"""Number of additions between two looks at whether anybody still needs them: a few milliseconds."""
_fork = multiprocessing.get_context("fork")


@contextlib.contextmanager
def busy(processes: int, cache_mib: int = 0) -> Iterator[list[int]]:
    """Keep so many processes computing for a block, and one more walking through memory.

    Yields their process ids.
    """
    work: list[Callable[[], object]] = [_add] * processes
    if cache_mib:
        work.append(_walk(cache_mib))
    owner = os.getpid()
    started = [_fork.Process(target=_repeat, args=(each, owner), daemon=True) for each in work]
    try:
        for process in started:
            process.start()
        yield [process.pid for process in started if process.pid is not None]
    finally:
        for process in started:
            if process.pid is not None:
                process.kill()
                process.join()


def _repeat(work: Callable[[], object], owner: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    while os.getppid() == owner:
        work()


def _add() -> object:
    return sum(range(STEPS))


def _walk(mib: int) -> Callable[[], object]:
    """Return a function that reads so much memory once, and makes it when it is first called."""
    memory = bytearray()

    def walk() -> object:
        if not memory:
            memory.extend(b"\xff" * (mib * MIB))
        return memory.find(b"\0")  # it is not there, so all of the memory is read

    return walk

"""Wait for evidence, on a machine of any speed.

A deadline here catches what hangs. It is never how fast something ought to be, so it is an order
of magnitude beyond what the slowest machine that was tried took.
"""

from __future__ import annotations

import asyncio
import time

import psutil

HANG_SECONDS = 600.0
"""No single step of a test takes so long: what has not come by then hangs."""
RUN_SECONDS = 1800.0
"""No whole run of the command line takes so long; pyproject.toml's timeout of a test is longer."""


def until(condition, subject="it", *, seconds=HANG_SECONDS, pause_seconds=0.02):
    """Return what the condition returns once that is true; fail with the subject if it never is.

    The subject is text, or a function that returns it.
    """
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, _in_vain(subject, seconds)
        time.sleep(pause_seconds)
    return found


async def eventually(condition, subject="it", *, seconds=HANG_SECONDS, pause_seconds=0.02):
    """Do what ``until`` does, and let the event loop go on meanwhile."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, _in_vain(subject, seconds)
        await asyncio.sleep(pause_seconds)
    return found


def over(process):
    """Return whether a psutil process has ended, be it reaped or not."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _in_vain(subject, seconds):
    return f"waited {seconds:.0f} s in vain for {subject() if callable(subject) else subject}"

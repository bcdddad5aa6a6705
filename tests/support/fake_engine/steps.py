"""Every point at which a program of coroutines waits: counted, located, and used to cancel it."""

from __future__ import annotations

import ast
import asyncio
import sys
from collections.abc import Coroutine

BOUNDS = {"asyncio.timeout", "deadline", "interruptible", "tasks"}


class Steps:
    """Counts the points at which any task waits, and cancels one task at a given point."""

    def __init__(self, *, at=None, do=None):
        """Do something at the point of this number: without ``do``, cancel the first task."""
        self._at = at
        self._do = do or self._cancel
        self.tasks = []
        self.count = 0
        self.places = []
        """At each point, the lines of the traced files that waited."""
        self._traced = []

    def factory(self, loop, coroutine, **more):
        """Make tasks that tell whenever they wait; the first one is the one that is cancelled."""
        task = asyncio.Task(_Telling(coroutine, self._waits), loop=loop, **more)
        task.set_name(getattr(coroutine, "__qualname__", repr(coroutine)))
        self.tasks.append(task)
        return task

    def _cancel(self):
        self.tasks[0].cancel()

    def left(self):
        """Return the tasks that go on, but for the first one."""
        return [task for task in self.tasks[1:] if not task.done()]

    def trace(self, folder):
        """Return a trace function that notes which lines of a folder's files wait."""

        def inside(frame, event, _arg):
            if event == "return":
                self._traced.append((frame.f_code.co_filename, frame.f_lineno))
            return inside

        def outside(frame, _event, _arg):
            return inside if frame.f_code.co_filename.startswith(folder) else None

        return outside

    def _waits(self):
        self.count += 1
        self.places.append(tuple(self._traced))
        self._traced.clear()
        if self.count == self._at:
            self._do()


class _Telling(Coroutine):
    """A coroutine that tells whenever it waits."""

    def __init__(self, coroutine, waits):
        self._coroutine = coroutine
        self._waits = waits

    def send(self, value):
        awaited = self._coroutine.send(value)
        self._waits()
        return awaited

    def throw(self, *error):
        awaited = self._coroutine.throw(*error)
        self._waits()
        return awaited

    def close(self):
        self._coroutine.close()

    def __await__(self):
        return self._coroutine.__await__()


async def _as_task(main):
    return await main


def first_of_each(places, *, most=2):
    """Return the numbers of the points that are worth trying: few of each place."""
    seen = {}
    return [
        number
        for number, place in enumerate(places, start=1)
        if seen.setdefault(place, []).append(number) or len(seen[place]) <= most
    ]


def run_in_steps(run_at_once, main, steps, *, traced=None):
    """Run a coroutine in virtual time with its steps counted; ``traced`` is a folder to locate."""

    async def counted():
        asyncio.get_running_loop().set_task_factory(steps.factory)
        return await asyncio.get_running_loop().create_task(_as_task(main))

    before = sys.gettrace()
    if traced is not None:
        sys.settrace(steps.trace(traced))
    try:
        return run_at_once(counted())
    finally:
        sys.settrace(before)


def awaits_in(path):
    """Return the lines of each await of a file: of ``async with`` those of its contexts.

    A context that only bounds or catches what is awaited inside waits for nothing itself.
    """
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Await):
            found.append(range(node.lineno, node.end_lineno + 1))
        elif isinstance(node, ast.AsyncWith):
            if {ast.unparse(item.context_expr).partition("(")[0] for item in node.items} <= BOUNDS:
                continue
            found.append(range(node.lineno, node.items[-1].context_expr.end_lineno + 1))
        elif isinstance(node, ast.AsyncFor):
            found.append(range(node.lineno, node.iter.end_lineno + 1))
    return found

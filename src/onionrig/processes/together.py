"""Do several things at the same time, and leave none of them behind."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

Found = TypeVar("Found")


async def together(*coroutines: Coroutine[Any, Any, Found]) -> list[Found]:
    """Do these at the same time, wait for all of them and return what each returned.

    If one fails the others are cancelled and waited for, and the first error is raised as it is,
    not in a group.
    """
    async with tasks() as group:
        started = [group.create_task(coroutine) for coroutine in coroutines]
    return [task.result() for task in started]


@asynccontextmanager
async def tasks() -> AsyncIterator[asyncio.TaskGroup]:
    """Yield a task group; the first error in the block is raised as it is, not in a group."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as several:
        raise _first(several) from None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    (error, *_) = group.exceptions
    return _first(error) if isinstance(error, BaseExceptionGroup) else error

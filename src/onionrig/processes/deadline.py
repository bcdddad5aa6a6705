"""Wait for evidence, with a deadline that names its subject."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from onionrig.errors import BringUpTimeout

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

POLL_SECONDS = 0.1
"""Period of looking at evidence that cannot be waited for."""


@asynccontextmanager
async def deadline(seconds: float, subject: Callable[[], str]) -> AsyncIterator[None]:
    """Bound a block; the subject says what is missing when the time is up.

    Raises BringUpTimeout.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise BringUpTimeout(f"after {seconds:.0f} s still waiting for {subject()}") from error

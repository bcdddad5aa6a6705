import asyncio

import pytest

from onionrig.errors import BringUpTimeout
from onionrig.processes.deadline import deadline


async def test_a_deadline_says_what_is_late_and_for_how_long():
    with pytest.raises(BringUpTimeout, match=r"^after 0 s still waiting for a sign of relay-2$"):
        async with deadline(0.01, lambda: "a sign of relay-2"):
            await asyncio.Event().wait()


async def test_an_answer_in_time_is_not_late():
    # the evidence: a deadline that is over raises in its block
    async with deadline(600, lambda: "nothing"):
        await asyncio.sleep(0)


async def test_an_error_inside_a_deadline_stays_what_it_is():
    with pytest.raises(ZeroDivisionError):
        async with deadline(600, lambda: "nothing"):
            raise ZeroDivisionError

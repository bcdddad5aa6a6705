"""Signals that end a block in good order, and those that were ignored from the start."""

import asyncio
import os
import signal

import pytest

from onionrig.errors import Terminated
from onionrig.processes.interrupts import ENDINGS, interruptible, noted_endings
from support.waiting import HANG_SECONDS


@pytest.fixture(autouse=True)
def _handlers_as_before():
    before = {number: signal.getsignal(number) for number in ENDINGS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


async def hung_up():
    async with interruptible():
        os.kill(os.getpid(), signal.SIGHUP)
        async with asyncio.timeout(HANG_SECONDS):
            await asyncio.Event().wait()


async def test_a_block_is_ended_by_a_signal():
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with pytest.raises(Terminated, match="SIGHUP"):
        await hung_up()


@pytest.mark.parametrize("number", ENDINGS)
async def test_a_signal_that_was_ignored_stays_ignored(number):
    signal.signal(number, signal.SIG_IGN)
    async with interruptible():
        os.kill(os.getpid(), number)
        await asyncio.sleep(0)
        assert signal.getsignal(number) is signal.SIG_IGN
    assert signal.getsignal(number) is signal.SIG_IGN


@pytest.mark.parametrize("number", ENDINGS)
def test_an_ignored_signal_is_not_noted_either(number):
    signal.signal(number, signal.SIG_IGN)
    with noted_endings() as received:
        for ending in ENDINGS:
            os.kill(os.getpid(), ending)
    assert received == [ending for ending in ENDINGS if ending is not number]
    assert signal.getsignal(number) is signal.SIG_IGN


@pytest.mark.parametrize("number", ENDINGS)
async def test_after_a_block_a_signal_does_what_it_did_before(number):
    with noted_endings() as received:
        async with interruptible():
            pass
        os.kill(os.getpid(), number)
    assert received == [number]


async def test_a_signal_after_the_first_does_not_end_what_is_made_of_the_block():
    with noted_endings() as received:
        with pytest.raises(Terminated):
            await hung_up()
        for number in ENDINGS:
            os.kill(os.getpid(), number)
    assert received == list(ENDINGS)

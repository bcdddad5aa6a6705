"""When a dialler dials, to the fraction of a second: on a clock that tests move."""

import asyncio
from types import SimpleNamespace

import pytest

from onionrig.movers.dialler import Dialler
from onionrig.records.streams.transfers import Ending
from onionrig.rig.orders import DiallerOrders
from support.moved_clock import START, starts
from support.processes.movers_bench import ADDRESS, PORT, endpoints


@pytest.fixture
def hanging(monkeypatch):
    """Dials that never end, but for those whose time to do so a test sets; in their order."""
    dials = []

    async def carry(attempt, *_, **__):
        dials.append(SimpleNamespace(attempt=attempt, over=asyncio.Event()))
        await dials[-1].over.wait()

    monkeypatch.setattr("onionrig.movers.dialler.carry", carry)
    return dials


async def dialled(clock, *, stop_at, every_seconds=0.25, at_once=100):
    """Have dials made until a time; return when each began."""
    orders = DiallerOrders(
        record_path="",
        address=ADDRESS,
        port=PORT,
        clients=endpoints([9050]),
        every_seconds=every_seconds,
        at_once=at_once,
        timeout_seconds=60.0,
        enough_bytes=8192,
    )
    stopped = asyncio.Event()
    clock.later(stop_at, stopped.set)
    dials = []
    await Dialler(orders, dials).run(stopped)
    return sorted(at - START for at in starts(dials))


async def test_dials_begin_exactly_at_their_interval_while_earlier_ones_hang(
    clock, hanging, caplog
):
    assert await dialled(clock, stop_at=START + 1.9) == [n * 0.25 for n in range(8)]
    assert caplog.text == ""


async def test_after_a_hold_up_one_dial_begins_at_once_and_the_next_when_it_is_due(
    clock, hanging, caplog
):
    clock.later(START + 0.9, lambda: clock.hold_up(until=START + 4.125))

    begun = await dialled(clock, stop_at=START + 4.6)
    assert begun == [0.0, 0.25, 0.5, 0.75, 4.125, 4.25, 4.5]
    assert "12 dials were left out" in caplog.text  # those of 1.25, 1.5, …, 4.0


async def test_a_dial_that_finds_no_room_is_left_out_and_the_next_with_room_is_on_time(
    clock, hanging, caplog
):
    def end_the_first():
        hanging[0].attempt.end(Ending.CONNECT_TIMEOUT, clock.at)
        hanging[0].over.set()

    clock.later(START + 1.1, end_the_first)

    begun = await dialled(clock, stop_at=START + 1.9, at_once=3)
    assert begun == [0.0, 0.25, 0.5, 1.25]
    assert "4 dials were left out: 3 were under way" in caplog.text  # 0.75, 1.0, 1.5, 1.75

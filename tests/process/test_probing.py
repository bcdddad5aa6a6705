"""Probes of the extended balancer against a SOCKS port that answers, hangs or refuses.

An instance has all the time there is where it is not to be called silent: a busy machine may keep
an answer waiting. Where it is, it has next to none.
"""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from onionrig.balancer.extended import probing
from onionrig.balancer.extended.probing import Probing
from onionrig.rig.orders import ProbeOrders
from support.waiting import HANG_SECONDS, eventually

pytestmark = pytest.mark.process

ADDRESS = "a" * 56
SOON_SECONDS = 0.2
LATER_SECONDS = 0.5


class Instance:
    """An instance behind a client tor that lets everybody through."""

    def __init__(self):
        self.answers = asyncio.Event()
        self.answers.set()
        self.refuses = False
        self.lines = []
        self.asked_for = []
        self.answered = 0

    async def serve(self, reader, writer):
        await reader.readexactly(3)
        writer.write(b"\x05\x02")
        _, user = await reader.readexactly(2)
        await reader.readexactly(user)
        (password,) = await reader.readexactly(1)
        await reader.readexactly(password)
        writer.write(b"\x01\x00")
        *_, size = await reader.readexactly(5)
        name = (await reader.readexactly(size + 2))[:-2].decode()
        self.asked_for.append(name)
        if self.refuses:
            writer.write(b"\x05\xf2\x00\x01" + bytes(6))
            writer.close()
            return
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        self.lines.append(writer)
        while question := await reader.read(64):
            await self.answers.wait()
            writer.write(question)
            self.answered += 1

    def hang_up(self):
        for line in self.lines:
            line.close()
        self.lines.clear()


class Heard:
    """What the probes said, and when it changed."""

    def __init__(self):
        self.now = None
        self.changes = []

    def __call__(self, address, answers):
        assert address == ADDRESS
        if answers != self.now:
            self.now = answers
            self.changes.append(answers)

    async def until(self, answers):
        await eventually(
            lambda: self.now is answers, lambda: f"{answers} after {self.changes}",
            pause_seconds=0.01,
        )  # fmt: skip


@asynccontextmanager
async def probed(
    instance, monkeypatch, *, answer=HANG_SECONDS, redial=HANG_SECONDS, first_dial=HANG_SECONDS
):
    """Have an instance probed for a block; what it has time for, in seconds."""
    monkeypatch.setattr(probing, "AGAIN_SECONDS", 0.05)
    monkeypatch.setattr(probing, "GIVEN_UP_SECONDS", HANG_SECONDS)
    server = await asyncio.start_server(instance.serve, "127.0.0.1", 0)
    orders = ProbeOrders(
        socks_host="127.0.0.1",
        socks_port=server.sockets[0].getsockname()[1],
        port=9001,
        every_seconds=0.02,
        answer_seconds=answer,
        redial_seconds=redial,
        first_dial_seconds=first_dial,
    )
    heard = Heard()
    probes = asyncio.create_task(Probing(orders, [ADDRESS], heard).all())
    try:
        yield heard
    finally:
        probes.cancel()
        server.close()


async def test_an_instance_that_answers_is_reported_as_answering(monkeypatch):
    instance = Instance()
    async with probed(instance, monkeypatch) as heard:
        await heard.until(True)
    assert heard.changes == [True]
    assert instance.asked_for == [f"{ADDRESS}.onion"]


async def test_an_instance_that_hangs_is_silent_and_answers_again_on_the_same_stream(monkeypatch):
    instance = Instance()
    async with probed(instance, monkeypatch, answer=SOON_SECONDS) as heard:
        await heard.until(True)
        instance.answers.clear()
        await heard.until(False)
        instance.answers.set()
        await heard.until(True)
    assert len(instance.asked_for) == 1


async def test_a_lost_stream_alone_does_not_count_as_silence(monkeypatch):
    instance = Instance()
    async with probed(instance, monkeypatch) as heard:
        await heard.until(True)
        instance.hang_up()
        await eventually(lambda: instance.lines, "another stream")
        so_far = instance.answered
        await eventually(lambda: instance.answered > so_far + 1, "answers on it")
    assert heard.changes == [True]
    assert len(instance.asked_for) == 2


async def test_an_instance_that_cannot_be_dialled_is_silent_until_it_can(monkeypatch):
    # the evidence: each heard.until() fails if it is never said
    instance = Instance()
    soon = {"answer": SOON_SECONDS, "redial": SOON_SECONDS}
    async with probed(instance, monkeypatch, **soon) as heard:
        await heard.until(True)
        instance.refuses = True
        instance.hang_up()
        await heard.until(False)
        instance.refuses = False
        await heard.until(True)


async def test_an_instance_that_never_came_is_silent_after_a_while(monkeypatch):
    instance = Instance()
    instance.refuses = True
    began = time.monotonic()
    first = {"redial": SOON_SECONDS, "first_dial": LATER_SECONDS}
    async with probed(instance, monkeypatch, **first) as heard:
        await heard.until(False)
        assert time.monotonic() - began >= LATER_SECONDS
        await eventually(lambda: len(instance.asked_for) > 1, "another dial")
    assert heard.changes == [False]

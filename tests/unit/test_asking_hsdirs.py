"""Asking an HSDir by name: whose answer counts, and what becomes of silence."""

import asyncio
from types import SimpleNamespace

import pytest
from stem.control import EventType

from onionrig.records.descriptor import Answer
from onionrig.tor import hsdirs
from onionrig.tor.control import Control
from onionrig.tor.hash_ring import HSDir, KnownRelay
from support.descriptors import descriptor

TEXT, NAME = descriptor(1, 2)
ADDRESS = f"{NAME}.onion"
ASKED, OTHER = "A" * 40, "B" * 40
HSDIR = HSDir(
    replica=1, relay=KnownRelay(fingerprint=ASKED, nickname="one", hsdir=True, identity=None)
)


class Tor:
    """A tor that tells the events of each fetch as it is told to, a list a fetch."""

    def __init__(self, *fetches, ok=True):
        self.fetches = list(fetches)
        self.commands = []
        self.listeners = []
        self.ok = ok

    def add_event_listener(self, listener, *_kinds):
        self.listeners.append(listener)

    def msg(self, command):
        self.commands.append(command)
        for event in self.fetches.pop(0) if self.fetches else []:
            for listener in self.listeners:
                listener(event)
        return SimpleNamespace(is_ok=lambda: self.ok, __str__=lambda _: "552")


def content(text, server=ASKED, address=NAME):
    return SimpleNamespace(
        type=EventType.HS_DESC_CONTENT, address=address, directory_fingerprint=server,
        descriptor=text,
    )  # fmt: skip


def failed(reason, server=ASKED):
    return SimpleNamespace(
        type=EventType.HS_DESC, action="FAILED", address=NAME, directory_fingerprint=server,
        reason=reason,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(hsdirs, "ATTEMPT_SECONDS", 0.05)


async def ask(tor):
    return await hsdirs.ask(Control(tor), ADDRESS, HSDIR)


async def test_the_named_hsdirs_descriptor_is_read():
    tor = Tor([content(TEXT)])
    reply = await ask(tor)
    assert reply.answer is Answer.HELD
    assert len(reply.descriptor.points) == 2
    assert tor.commands == [f"HSFETCH {NAME} SERVER=${ASKED}"]
    assert len(tor.listeners) == 1


async def test_another_hsdirs_answer_and_another_address_do_not_count():
    elsewhere = [failed("NOT_FOUND", OTHER), content("", OTHER), content("", ASKED, "other")]
    reply = await ask(Tor([*elsewhere, content(TEXT)]))
    assert reply.answer is Answer.HELD


async def test_an_hsdir_that_has_none_is_not_asked_again():
    tor = Tor([failed("NOT_FOUND"), content("")])
    reply = await ask(tor)
    assert (reply.answer, reply.reason) == (Answer.NOTHING, "NOT_FOUND")
    assert len(tor.commands) == 1


async def test_any_other_reason_is_a_refusal():
    reply = await ask(Tor([failed("QUERY_REJECTED"), content("")]))
    assert (reply.answer, reply.reason) == (Answer.REFUSED, "QUERY_REJECTED")


async def test_a_fetch_that_is_cancelled_without_a_word_is_repeated():
    tor = Tor([], [content(TEXT)])
    assert (await ask(tor)).answer is Answer.HELD
    assert len(tor.commands) == 2


async def test_silence_is_reported_after_some_attempts():
    tor = Tor()
    assert (await ask(tor)).answer is Answer.SILENT
    assert len(tor.commands) == hsdirs.ATTEMPTS


async def test_a_descriptor_of_somebody_else_is_unreadable():
    other, _ = descriptor(1)
    reply = await ask(Tor([content(other)]))
    assert reply.answer is Answer.UNREADABLE
    assert reply.descriptor is None


async def test_a_command_that_tor_refuses_is_reported_at_once():
    reply = await ask(Tor(ok=False))
    assert reply.answer is Answer.REFUSED


async def test_hsdirs_are_asked_in_turn_until_one_has_the_descriptor():
    tor = Tor([failed("NOT_FOUND"), content("")], [content(TEXT)])
    fetched = await hsdirs.ask_until_found(Control(tor), ADDRESS, [HSDIR, HSDIR, HSDIR])
    assert fetched is not None
    assert len(tor.commands) == 2


async def test_several_hsdirs_are_asked_at_once_and_each_gets_its_own_answer():
    other = HSDir(
        replica=2, relay=KnownRelay(fingerprint=OTHER, nickname="two", hsdir=True, identity=None)
    )
    tor = Tor()
    both = asyncio.create_task(hsdirs.ask_all(Control(tor), ADDRESS, [HSDIR, other]))
    while len(tor.commands) < 2:
        await asyncio.sleep(0.001)
    for event in (content("", OTHER), content(TEXT)):
        for listener in tor.listeners:
            listener(event)
    assert [reply.answer for reply in await both] == [Answer.HELD, Answer.NOTHING]

"""Which instances the address's descriptors have, told whenever that changes."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from onionrig.errors import NoTorToAsk
from onionrig.run import watching
from onionrig.run.watching import watched
from onionrig.tor import directory
from support.rigs import rendered

INSTANCES = ("backend-1", "backend-2", "backend-3")
POINTS = {name: f"{name}'s point" for name in INSTANCES}
TOR_IS_GONE = ConnectionRefusedError("nobody listens")


def descriptor(*keys):
    return SimpleNamespace(points=[SimpleNamespace(key=key) for key in keys])


class ChangesJournal:
    """A journal that keeps what it is told, and says when the last that is expected has come."""

    def __init__(self):
        self.changes, self.notes, self.publications = [], [], 0

    def listed(self, instances):
        self.changes.append(instances)

    def published(self):
        self.publications += 1

    def note(self, text):
        self.notes.append(text)


@pytest.fixture
def rounds(monkeypatch):
    """What the HSDirs hold in each round, an error raised; the last of it holds for ever."""
    script, connections, raised, known = [], [], [], dict(POINTS)
    acknowledged = asyncio.Queue()

    @asynccontextmanager
    async def control(service):
        connections.append(service.name)
        yield SimpleNamespace(cached_descriptor=cached, uploads=uploads)

    @asynccontextmanager
    async def uploads(_address):
        yield acknowledged

    async def cached(address):
        # the placeholder's addresses name their instance
        (name,) = (name for name in known if name in address)
        return descriptor(known[name])

    async def ask_all(_tor, _address, hsdirs):
        assert hsdirs == ("an hsdir",)
        now = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(now, Exception):
            raised.append(now)
            raise now
        return [SimpleNamespace(descriptor=held_descriptor) for held_descriptor in now]

    async def answer(_tor):
        return "now"

    monkeypatch.setattr(watching, "PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(directory, "consensus_time", answer)
    monkeypatch.setattr(directory, "known_network", answer)
    monkeypatch.setattr(watching, "client_hsdirs", lambda *_: ("an hsdir",))
    monkeypatch.setattr(watching, "ask_all", ask_all)
    engine = SimpleNamespace(control=control)
    return SimpleNamespace(
        engine=engine,
        script=script,
        connections=connections,
        raised=raised,
        known=known,
        acknowledged=acknowledged,
    )


def hsdirs_with(*names, known=POINTS):
    """Two HSDirs: one that has points of these, one that has nothing."""
    return [descriptor(*(known[name] for name in names)), None]


async def changes(rounds, *script, count):
    rounds.script += script
    journal = ChangesJournal()
    async with asyncio.timeout(10):
        async with watched(rounds.engine, rendered(backends={"daemons": 3}), journal):
            while len(journal.changes) < count:
                await asyncio.sleep(0)
    return journal


async def test_each_change_is_reported_once_in_the_order_of_instances(rounds):
    journal = await changes(
        rounds,
        hsdirs_with("backend-2", "backend-1", "backend-3"),
        hsdirs_with("backend-1", "backend-2", "backend-3"),
        hsdirs_with("backend-1", "backend-3"),
        hsdirs_with("backend-1", "backend-3"),
        hsdirs_with(*INSTANCES),
        count=3,
    )
    assert journal.changes == [INSTANCES, ("backend-1", "backend-3"), INSTANCES]
    assert journal.notes == []


async def test_an_instance_in_any_of_the_descriptors_is_listed(rounds):
    two = [descriptor(POINTS["backend-1"]), descriptor(POINTS["backend-3"])]
    assert (await changes(rounds, two, count=1)).changes == [("backend-1", "backend-3")]


async def test_a_round_without_any_descriptor_says_nothing(rounds):
    journal = await changes(
        rounds, hsdirs_with(*INSTANCES), [None, None], hsdirs_with("backend-1"), count=2
    )
    assert journal.changes == [INSTANCES, ("backend-1",)]


async def test_a_restarted_instance_is_known_by_its_new_points(rounds):
    rounds.known["backend-1"] = "a new one"
    journal = await changes(
        rounds,
        hsdirs_with("backend-2"),
        hsdirs_with("backend-1", "backend-2", known=rounds.known),
        count=2,
    )
    assert journal.changes == [("backend-2",), ("backend-1", "backend-2")]


@pytest.mark.parametrize("gone", [TOR_IS_GONE, NoTorToAsk("no consensus yet")])
async def test_a_tor_that_is_gone_is_asked_again_and_what_was_known_is_kept(rounds, gone):
    journal = await changes(
        rounds,
        hsdirs_with(*INSTANCES),
        gone,
        gone,
        hsdirs_with(*INSTANCES),
        hsdirs_with("backend-1"),
        count=2,
    )
    assert journal.changes == [INSTANCES, ("backend-1",)]
    assert len(rounds.connections) == 3
    assert set(rounds.connections) == {"balancer-tor"}


async def test_an_error_that_ends_the_watching_is_noted(rounds):
    rounds.script += [hsdirs_with(*INSTANCES), KeyError("a defect")]
    journal = ChangesJournal()
    async with asyncio.timeout(10):
        async with watched(rounds.engine, rendered(backends={"daemons": 3}), journal):
            while not rounds.raised:
                await asyncio.sleep(0)
    assert journal.notes == [
        "the address's descriptors were not watched to the end: KeyError('a defect')"
    ]


async def test_acknowledgements_of_one_publication_are_reported_once(rounds, monkeypatch):
    monkeypatch.setattr(watching, "PUBLICATION_SECONDS", 0.001)
    rounds.script.append(hsdirs_with(*INSTANCES))
    journal = ChangesJournal()
    async with asyncio.timeout(10):
        async with watched(rounds.engine, rendered(backends={"daemons": 3}), journal):
            for publication in (1, 2):
                for hsdir in range(8):
                    rounds.acknowledged.put_nowait(f"hsdir {hsdir}")
                while journal.publications < publication or not rounds.acknowledged.empty():
                    await asyncio.sleep(0)
    assert journal.publications == 2
    assert journal.notes == []

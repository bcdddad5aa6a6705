"""Fetching the frontend's descriptor again until it serves, with client tors that are made up."""

import asyncio
from types import SimpleNamespace

import pytest

from onionrig.run.descriptors import Descriptors
from onionrig.tor.descriptors import Descriptor, IntroductionPoint

INSTANCES = {"backend-1": "one.onion", "backend-2": "two.onion"}
RIG = SimpleNamespace(address="front.onion", expected_points=2, variants=1, instances=INSTANCES)


def of(*points):
    return Descriptor(
        revision=1,
        points=tuple(IntroductionPoint(key=key, relay=relay) for key, relay in points),
    )


class Client:
    """A client tor that finds these descriptors of the frontend, one a fetch."""

    def __init__(self, *frontends):
        self.frontends = list(frontends)
        self.fetched = 0

    async def fetch_descriptor(self, address, **_where):
        if address == "one.onion":
            return of(("a", "r1"))
        if address == "two.onion":
            return of(("b", "r2"))
        self.fetched += 1
        return self.frontends.pop(0) if len(self.frontends) > 1 else self.frontends[0]


class Forgetful:
    """The balancer's tor, just told to forget what it had fetched."""

    async def cached_descriptor(self, _address):
        return None


SERVES_BOTH = of(("a", "r1"), ("b", "r2"))
STARVES_TWO = of(("a", "r1"), ("b", "r1"))


@pytest.fixture
def uploads(monkeypatch):
    monkeypatch.setattr("onionrig.run.descriptors.PAUSE_SECONDS", 0.01)
    return asyncio.Queue()


def held(uploads, **clients):
    return Descriptors(RIG, clients, Forgetful(), uploads)


async def fetched(descriptors, enough, *, seconds=1.0):
    subjects = []
    return await descriptors.fetch_until(enough, seconds=seconds, tell=subjects.append), subjects


async def test_one_fetch_is_enough_where_all_is_well(uploads):
    client = Client(SERVES_BOTH)
    descriptors = held(uploads, one=client)
    enough, subjects = await fetched(descriptors, lambda: descriptors.complete)
    assert enough
    assert (client.fetched, subjects, descriptors.starved) == (1, [], {})


async def test_an_unlucky_publication_is_made_good_by_the_next(uploads):
    client = Client(STARVES_TWO, SERVES_BOTH)
    descriptors = held(uploads, one=client)
    assert (await fetched(descriptors, lambda: descriptors.complete))[0]
    assert set(descriptors.starved) == {"backend-2"}
    asyncio.get_running_loop().call_later(0.1, uploads.put_nowait, "HSDir")
    enough, _ = await fetched(descriptors, lambda: not descriptors.starved)
    assert enough
    assert client.fetched == 2


async def test_it_goes_on_in_time_where_no_publication_is_better(uploads):
    descriptors = held(uploads, one=Client(STARVES_TWO))
    await fetched(descriptors, lambda: descriptors.complete)
    enough, _ = await fetched(descriptors, lambda: not descriptors.starved, seconds=0.2)
    assert not enough
    assert "backend-2" in descriptors.missing_text()


async def test_a_failed_fetch_is_repeated_at_the_next_upload(uploads):
    client = Client(None, SERVES_BOTH)
    descriptors = held(uploads, one=client)
    uploads.put_nowait("HSDir")
    enough, subjects = await fetched(descriptors, lambda: descriptors.complete)
    assert enough
    assert subjects == ["one to fetch the frontend's descriptor"]


async def test_points_of_nobody_are_not_a_complete_descriptor(uploads):
    descriptors = held(uploads, one=Client(of(("a", "r1"), ("?", "r2"))))
    enough, subjects = await fetched(descriptors, lambda: descriptors.complete, seconds=0.1)
    assert not enough
    assert descriptors.all_fetched
    assert "unknown 1" in subjects[0]


async def test_an_instance_is_starved_only_if_no_client_reaches_it(uploads):
    descriptors = held(uploads, one=Client(STARVES_TWO), two=Client(SERVES_BOTH))
    await fetched(descriptors, lambda: descriptors.complete)
    assert descriptors.starved == {}

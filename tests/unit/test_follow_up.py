"""Whether what was brought back took effect: what is asked of it, and what is recorded of that."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from onionrig.analysis.load.aftermath import aftermaths
from onionrig.analysis.load.loads import load_of
from onionrig.processes.together import tasks
from onionrig.run import follow_up
from onionrig.run.follow_up import FollowUp
from support.records.events import answered, happened, listed, published
from support.records.manifests import balanced_manifest
from support.records.recordings import recording
from support.records.samples import HOLD, sink_sample


def followed(*events):
    """The last thing that was done in a hold of 30 s, and what followed."""
    samples = [sink_sample(HOLD + at, {"backend-1": 100}) for at in range(30)]
    whole = recording(samples, events=events, manifest=balanced_manifest())
    return aftermaths(load_of(whole))[-1]


def back(verb, subject, at):
    return happened(verb, subject, at, followed_up=True)


# What was recorded


def test_after_the_balancers_tor_is_back_its_answer_and_a_publication_are_awaited():
    found = followed(
        listed(-4.0, "backend-1", "backend-2"),
        published(4.0),
        happened("kill", "balancer-tor", 5.0),
        published(5.5),
        back("start", "balancer-tor", 10.0),
        answered(13.0, "balancer-tor"),
        published(21.5),
        published(26.0),
    )
    assert found.awaited == ("answered", "published")
    assert found.awaited_for_seconds == 20
    assert (found.answered_after_seconds, found.published_after_seconds) == (3, 11.5)


@pytest.mark.parametrize("verb", ["start", "resume"])
def test_of_the_balancer_which_is_no_tor_a_publication_alone_is_awaited(verb):
    both = listed(-4.0, "backend-1", "backend-2")
    found = followed(both, back(verb, "balancer", 10.0), published(21.0))
    assert found.awaited == ("published",)
    assert found.published_after_seconds == 11


def test_what_did_not_come_is_not_known_to_have_come():
    found = followed(back("resume", "balancer-tor", 10.0), answered(12.0, "relay-1"))
    assert found.awaited == ("answered", "published")
    assert found.answered_after_seconds is None
    assert found.published_after_seconds is None


def test_what_came_after_something_else_was_done_to_it_is_not_its_own():
    first = followed(
        back("start", "relay-1", 10.0), happened("kill", "backend-1", 29.0), answered(11.0, "x")
    )
    assert first.verb == "kill"
    samples = [sink_sample(HOLD + at, {"backend-1": 100}) for at in range(30)]
    events = [
        back("start", "relay-1", 10.0),
        happened("kill", "relay-1", 12.0),
        answered(13.0, "relay-1"),
    ]
    whole = recording(samples, events=events, manifest=balanced_manifest())
    started, _ = aftermaths(load_of(whole))
    assert started.awaited == ("answered",)
    assert (started.answered_after_seconds, started.awaited_for_seconds) == (None, 2)


def test_of_a_host_the_last_of_its_tors_counts():
    found = followed(
        happened("start", "here", 10.0, of_host=True, followed_up=True),
        *(answered(12.0 + n, name) for n, name in enumerate(("relay-1", "backend-1"))),
        answered(15.0, "backend-2"),
        answered(17.0, "balancer-tor"),
        published(20.0),
    )
    assert found.awaited == ("answered", "published")
    assert (found.answered_after_seconds, found.published_after_seconds) == (7, 10)


def test_what_is_plugged_in_again_answers_all_along_and_publishes_again():
    found = followed(
        happened("link_up", "here", 10.0, of_host=True, followed_up=True), published(14.0)
    )
    assert found.awaited == ("published",)
    assert found.published_after_seconds == 4


def test_a_backend_that_stays_listed_was_awaited_to_leave():
    found = followed(listed(-4.0, "backend-1", "backend-2"), back("kill", "backend-1", 10.0))
    assert found.awaited == ("listed",)
    assert found.listed_after_seconds is None
    assert found.awaited_for_seconds == 20


@pytest.mark.parametrize("verb", ["start", "resume"])
def test_of_older_recordings_nothing_is_said_that_nobody_had_watched(verb):
    found = followed(happened(verb, "balancer-tor", 10.0))
    assert found.awaited == ()
    assert found.answered_after_seconds is None


# What is asked


class Tors:
    """An engine whose tors answer as they are told to."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    @asynccontextmanager
    async def control(self, service):
        self.asked.append(service.name)
        answer = self.answers[service.name].pop(0)
        if isinstance(answer, Exception):
            raise answer

        async def info(key):
            assert key == "status/bootstrap-phase"
            return answer

        yield SimpleNamespace(info=info)


UP, COMING = "NOTICE BOOTSTRAP PROGRESS=100 TAG=done", "NOTICE BOOTSTRAP PROGRESS=10 TAG=conn"


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(follow_up, "PAUSE_SECONDS", 0)


def tor(name):
    return SimpleNamespace(name=name, control_path=f"/{name}")


async def test_a_tor_is_asked_until_it_is_up_whatever_it_says_before():
    engine = Tors(one=[ConnectionRefusedError(), TimeoutError("hangs"), None, COMING, UP])
    told = []
    async with asyncio.timeout(10), tasks() as group:
        following = FollowUp(engine, SimpleNamespace(answered=told.append), group)
        following.look_at([tor("one"), SimpleNamespace(name="balancer", control_path=None)])
    assert told == ["one"]
    assert engine.asked == ["one"] * 5


async def test_at_the_end_nobody_is_asked_any_more_and_the_group_ends():
    engine = Tors(one=[COMING] * 1000, late=[UP])
    told = []
    async with asyncio.timeout(10), tasks() as group:
        following = FollowUp(engine, SimpleNamespace(answered=told.append), group)
        following.look_at([tor("one")])
        while not engine.asked:
            await asyncio.sleep(0)
        following.end()
        following.look_at([tor("late")])
    assert told == []
    assert "late" not in engine.asked


async def test_one_that_is_brought_back_again_is_told_once():
    engine = Tors(one=[COMING, COMING, UP, UP])
    told = []
    async with asyncio.timeout(10), tasks() as group:
        following = FollowUp(engine, SimpleNamespace(answered=told.append), group)
        following.look_at([tor("one")])
        while not engine.asked:
            await asyncio.sleep(0)
        following.look_at([tor("one")])
    assert told == ["one"]

"""What clients see and get of a real rig's address, while it is up and when it is over."""

import re
import subprocess
import time

import msgspec
import pytest
from stem.control import Controller, EventType

from onionrig.movers.payload import Checker
from onionrig.records.descriptor import AddressSeen, Answer
from onionrig.records.events import Milestone, Phase, Reached
from support.processes.started_run import LONG_HOLD, smoke_run
from support.waiting import until


@pytest.fixture(scope="module")
def up(tmp_path_factory, cache):
    """A small rig that is held up."""
    with smoke_run(tmp_path_factory.mktemp("runs") / "up", *LONG_HOLD, cache=cache) as run:
        run.until_phase(Phase.HOLD)
        yield run


def hsdirs_of(seen):
    return {hsdir.fingerprint for hsdir in seen.hsdirs}


@pytest.fixture
def look(onionrig, up):
    """Look at the address of the rig that is up, and return what was seen."""

    def seen():
        ended = onionrig("descriptor", str(up.out), "--json")
        assert ended.returncode == 0, ended.stderr
        return msgspec.json.decode(ended.stdout, type=AddressSeen)

    return seen


def test_it_asks_the_very_hsdirs_that_a_client_tor_asks(up, look):
    """tor does not ask an HSDir again for 5 s here, so told often enough it asks each in turn."""
    # the evidence: until() fails unless the client tor asks the same HSDirs, and no others
    seen = look()
    (workspace,) = up.workspaces()
    asked = set()

    def requested(event):
        if event.action == "REQUESTED" and seen.address.startswith(event.address):
            asked.add(event.directory_fingerprint)

    with Controller.from_socket_file(str(workspace / "client-1" / "control")) as tor:
        tor.authenticate()
        tor.add_event_listener(requested, EventType.HS_DESC)

        def asks_the_same():
            """Which relays are HSDirs may change with a consensus: then both are asked once more."""
            expected = hsdirs_of(look())
            asked.clear()

            def asked_all():
                tor.msg(f"HSFETCH {seen.address.removesuffix('.onion')}")
                return len(asked) >= len(expected)

            until(asked_all, lambda: f"{expected}; {asked} were asked", pause_seconds=0.3)
            return asked == expected or (hsdirs_of(look()) == expected and asked - expected)

        assert until(asks_the_same, "both to ask the same HSDirs") is True, asked


def test_every_point_has_its_relay_and_instance(look):
    # what stock Onionbalance publishes may lack an instance for a while, and an HSDir be too busy
    seen = until(lambda: with_both(look()), "a descriptor of both instances")
    held = [hsdir for hsdir in seen.hsdirs if hsdir.answer is Answer.HELD]
    # stock Onionbalance leaves out places where the ring of so few relays ends
    assert len(held) >= 3
    points = [point for variant in seen.variants for point in variant.points]
    assert all(point.nickname.startswith(("relay", "authority")) for point in points)
    assert all(variant.flow_control is None for variant in seen.variants)
    assert sum(instance.share for instance in seen.instances) == pytest.approx(1)
    assert [instance.own_points for instance in seen.instances] == [3, 3]


def with_both(seen):
    """Return what was seen if every HSDir has said what it holds, and both instances are in it."""
    answers = {hsdir.answer for hsdir in seen.hsdirs}
    points = [point for variant in seen.variants for point in variant.points]
    both = {point.instance for point in points} == {"backend-1", "backend-2"}
    return seen if both and answers <= {Answer.HELD, Answer.NOTHING} else None


def test_its_age_is_told_by_its_revision(up, look):
    """Nothing was published before there was a network."""
    (reached,) = (
        event
        for event in up.events()
        if isinstance(event, Milestone) and event.reached is Reached.NETWORK
    )
    seen = look()
    network_seconds = time.time() - reached.wall_seconds
    held = [hsdir.held for hsdir in seen.hsdirs if hsdir.held is not None]
    assert held
    for descriptor in held:
        assert descriptor.age.by == "revision"
        assert descriptor.age.seconds - descriptor.age.within_seconds <= network_seconds


def test_a_watch_tells_a_publication_and_ends_with_ctrl_c(up, onionrig):
    watch = onionrig.start("descriptor", str(up.out), "--watch")
    until(lambda: watch.ended() or " → " in watch.stdout, lambda: watch.stdout)
    assert not watch.ended(), watch.stderr
    watch.interrupt()
    assert watch.ends() == 0
    (first, *_) = watch.stdout.splitlines()
    assert "HSDirs" in first


ENOUGH_BYTES = 256 << 10
FIELD_TOOLS = {
    "nc": "nc -X 5 -x 127.0.0.1:{socks} {onion} 9000",
    "curl": "curl --silent --http0.9 --socks5-hostname 127.0.0.1:{socks} http://{onion}:9000/",
    "torsocks": "torsocks --address 127.0.0.1 --port {socks} nc {onion} 9000",
}


@pytest.mark.parametrize("words", FIELD_TOOLS.values(), ids=FIELD_TOOLS)
def test_the_fields_own_tools_get_the_documented_bytes(up, look, words):
    torrc = next(
        service["files"]["torrc"]
        for service in up.file("manifest.json")["services"]
        if service["name"] == "client-1"
    )
    (socks,) = re.findall(r"^SocksPort 127\.0\.0\.1:(\d+)", torrc, re.MULTILINE)
    argv = words.format(socks=socks, onion=look().address).split()
    # none of them hangs up first, so its output is read as far as it is looked at
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as tool:
        got = tool.stdout.read(ENOUGH_BYTES)
        tool.kill()

    checker = Checker()
    checker.feed(got)
    assert checker.fault is None, checker.beginning
    assert checker.head is not None
    assert checker.head.backend in {"backend-1", "backend-2"}
    assert checker.verified_bytes == ENOUGH_BYTES - got.index(b"\n") - 1


def test_when_the_run_is_over_it_says_so(up, onionrig):
    up.interrupt()
    up.ends()
    ended = onionrig("descriptor", str(up.out))
    assert ended.returncode == 2
    assert "this run is over" in ended.stderr

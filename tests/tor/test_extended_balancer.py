"""The extended balancer on real daemons: many instances, and some that fail."""

import json

import pytest

from onionrig.records.events import Covered, Happened, Listed, Starved
from rigs import StartedRun

FAILING = """
[frontend]
balancer = "extended"

[load]
hold = "44s"

[[events]]
at = "1s"
kill = "backend-1"

[[events]]
at = "9s"
start = "backend-1"

[[events]]
at = "22s"
kill = "balancer"

[[events]]
at = "23s"
start = "balancer"

[[events]]
at = "33s"
hang = "backend-2"
"""
BOTH = ("backend-1", "backend-2")


@pytest.fixture(scope="module")
def grown(tmp_path_factory, cache):
    run = StartedRun(
        tmp_path_factory.mktemp("runs") / "grown",
        "--json", "--balancer", "extended", "--backends", "24", "--streams", "12",
        "--set", "network.relays=18", "--set", "load.clients=auto", "--set",
        "load.dials_a_backend=2",
        cache=cache,
    )  # fmt: skip
    run.code = run.ends(seconds=280)
    yield run
    run.close()


def test_twenty_four_instances_serve_through_three_descriptors(grown):
    assert grown.code == 0, grown.stderr
    events = grown.events()
    covered = [event for event in events if isinstance(event, Covered)]
    assert sorted({event.variant for event in covered}) == [1, 2, 3]
    reached = {name for event in covered for name, n in event.usable_points.items() if n}
    assert reached == {f"backend-{number}" for number in range(1, 25)}
    assert not [event for event in events if isinstance(event, Starved)]


def test_each_descriptor_holds_its_own_third_on_relays_of_their_own(grown):
    covered = [event for event in grown.events() if isinstance(event, Covered)]
    of_variant = {
        event.variant: {name for name, n in event.usable_points.items() if n} for event in covered
    }
    assert [len(names) for names in of_variant.values()] == [8, 8, 8]
    for event in covered:
        assert event.usable_points == event.drawn_points  # no point leads to somebody else's


def test_its_dials_are_told_by_descriptor(grown):
    dials = json.loads(grown.stdout)["dials"]
    assert dials["dials"] == 48
    assert [len(variant["backends"]) for variant in dials["variants"]] == [8, 8, 8]
    assert dials["between"]["jain"] > 0.9  # clients are shared out evenly


def test_the_manifest_names_what_was_replaced(grown):
    manifest = json.loads((grown.out / "manifest.json").read_bytes())
    assert manifest["balancer"] == "extended 0.2.4"
    assert manifest["balancer_switches"] == [
        "whole_ring", "flow_control", "distinct_descriptors", "distinct_relays", "fast_start",
        "liveness",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def failing(tmp_path_factory, cache):
    directory = tmp_path_factory.mktemp("runs")
    file = directory / "failing.toml"
    file.write_text(FAILING)
    run = StartedRun(directory / "failing", "--json", str(file), cache=cache)
    run.code = run.ends(seconds=200)
    yield run
    run.close()


def seconds_until_listed(run, verb, subject, instances):
    """Return how long after it happened the descriptors held exactly these instances."""
    (at,) = (
        event.wall_seconds
        for event in run.events()
        if isinstance(event, Happened) and (event.verb, event.subject) == (verb, subject)
    )
    return next(
        event.wall_seconds - at
        for event in run.events()
        if isinstance(event, Listed) and event.wall_seconds > at and event.instances == instances
    )


def test_a_killed_instance_leaves_the_descriptor_within_seconds_and_comes_back(failing):
    assert failing.code == 0, failing.stderr
    assert seconds_until_listed(failing, "kill", "backend-1", ("backend-2",)) < 8
    assert seconds_until_listed(failing, "start", "backend-1", BOTH) < 13


def test_a_restarted_balancer_publishes_what_hsdirs_take(failing):
    # they take only what is newer than what the balancer had published before it was killed
    assert seconds_until_listed(failing, "hang", "backend-2", ("backend-1",)) < 8


def test_new_clients_hardly_notice(failing):
    result = json.loads(failing.stdout)
    dials = [each["dials"] for each in result["aftermaths"]]
    assert [each["verb"] for each in result["aftermaths"]] == [
        "kill", "start", "kill", "start", "hang",
    ]  # fmt: skip
    begun = sum(each["begun"] for each in dials)
    assert begun >= 60  # two a second
    assert sum(each["failed"] for each in dials) <= begun / 20

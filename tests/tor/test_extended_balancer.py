"""The extended balancer on real daemons: many instances, and some that fail."""

import json
import math

import pytest

from onionrig.records.events import Covered, Happened, Listed, Starved
from support.processes.machine import share_of_reference
from support.processes.started_run import smoke_run

DONE = ((1, "kill", "backend-1"), (9, "start", "backend-1"), (22, "kill", "balancer"),
        (23, "start", "balancer"), (33, "hang", "backend-2"))  # fmt: skip
HOLD_SECONDS = 44
ENOUGH, TOO_LITTLE = 0.2, 0.02
"""CPU, as a share of the machine's in docs/: with less than the one all is done more slowly, with
less than the other a tor may take longer to answer than an instance that hangs."""


def failing_experiment(share):
    """Return an experiment in which instances fail, as slowly as a machine of that share needs."""
    stretch = max(1, math.ceil(ENOUGH / share))
    events = "".join(
        f'[[faults]]\nat = "{stretch * second}s"\n{verb} = "{subject}"\n'
        for second, verb, subject in DONE
    )
    # one stream, so that descriptors do not have to wait for what moves payload
    load = f'[load]\nstreams = 1\nhold = "{stretch * HOLD_SECONDS}s"\n'
    return f'[frontend]\nbalancer = "extended"\n{load}{events}'


BOTH = ("backend-1", "backend-2")


@pytest.fixture(scope="module")
def grown(tmp_path_factory, cache):
    started = smoke_run(
        tmp_path_factory.mktemp("runs") / "grown",
        "--json", "--balancer", "extended", "--backends", "24", "--streams", "12",
        "--set", "network.relays=18", "--set", "load.clients=auto", "--set",
        "load.dials_a_backend=2",
        cache=cache,
    )  # fmt: skip
    with started as run:
        run.code = run.ends()
        yield run


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
    share = share_of_reference()
    if share < TOO_LITTLE:
        pytest.skip(f"this machine has {share:.1%} of the CPU of the one in docs/ to spare")
    file.write_text(failing_experiment(share))
    with smoke_run(directory / "failing", "--json", str(file), cache=cache) as run:
        run.code = run.ends()
        yield run


def listed_before_the_next_event(run, verb, subject, instances):
    """Whether the descriptors held exactly these instances before anything else was done."""
    happened = [event for event in run.events() if isinstance(event, Happened)]
    (at,) = (
        event.wall_seconds for event in happened if (event.verb, event.subject) == (verb, subject)
    )
    then = min((e.wall_seconds for e in happened if e.wall_seconds > at), default=math.inf)
    return any(
        at < event.wall_seconds < then and event.instances == instances
        for event in run.events()
        if isinstance(event, Listed)
    )


def test_a_killed_instance_leaves_the_descriptor_within_seconds_and_comes_back(failing):
    assert failing.code == 0, failing.stderr
    assert listed_before_the_next_event(failing, "kill", "backend-1", ("backend-2",))
    assert listed_before_the_next_event(failing, "start", "backend-1", BOTH)


def test_a_restarted_balancer_publishes_what_hsdirs_take(failing):
    # they take only what is newer than what the balancer had published before it was killed
    assert listed_before_the_next_event(failing, "hang", "backend-2", ("backend-1",))


def test_new_clients_hardly_notice(failing):
    result = json.loads(failing.stdout)
    dials = [each["dials"] for each in result["aftermaths"]]
    assert [each["verb"] for each in result["aftermaths"]] == [
        "kill", "start", "kill", "start", "hang",
    ]  # fmt: skip
    begun = sum(each["begun"] for each in dials)
    assert begun >= 60  # two a second
    # each dial of a dead instance fails until the balancer has seen that it is dead, which takes a
    # busy machine longer; were the instance to stay listed, a quarter of all dials would fail
    assert sum(each["failed"] for each in dials) <= begun / 8

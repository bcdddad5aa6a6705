"""What the shipped profiles of emulated hosts promise."""

import random
from collections import Counter
from itertools import combinations

import pytest

from onionrig.cli.question import BASELINE, ask, flags_layer
from onionrig.rig.model import Role
from support.rigs import direct_rig_of, rig_of

pytestmark = pytest.mark.usefixtures("no_boards_of_ones_own")

EMULATED = ["bramble-pi3", "bramble-pi5", "wide-area"]


def rendered(profile, **flags):
    experiment = ask(None, profile, [], flags_layer(**flags)).experiment
    return rig_of(experiment)


def links(rig, prefix):
    return {
        host.name: host.link_bits_per_second for host in rig.hosts if host.name.startswith(prefix)
    }


@pytest.mark.parametrize("profile", EMULATED)
@pytest.mark.parametrize("single_hop", [False, True])
def test_each_renders_single_hop_or_not(profile, single_hop):
    rig = rendered(profile, single_hop=single_hop)
    assert rig.mode == ("single-hop" if single_hop else "anonymous")
    lines = [file.text for each in rig.with_role(Role.BACKEND) for file in each.files]
    assert all(
        ("HiddenServiceSingleHopMode 1" in text) == single_hop
        for text in lines
        if "Service" in text
    )
    assert len({service.name for service in rig.services}) == len(rig.services)


@pytest.mark.parametrize("profile", EMULATED)
def test_each_can_be_asked_for_its_baseline(profile):
    experiment = ask(None, profile, [], flags_layer(), fixed=BASELINE).experiment
    rig = direct_rig_of(experiment)
    serving = {host.name for host in experiment.hosts if "backend" in host.roles}
    assert {source.host for source in rig.with_role(Role.SOURCE)} == serving


def test_the_bramble_is_six_boards_with_an_instance_a_core():
    rig = rendered("bramble-pi3")
    counts = Counter(backend.host for backend in rig.with_role(Role.BACKEND))
    assert counts == {f"pi{n}": 4 for n in range(1, 7)}
    assert links(rig, "pi") == {f"pi{n}": 96.8e6 for n in range(1, 7)}
    others = {s.host for s in rig.with_role(Role.AUTHORITY, Role.RELAY, Role.CLIENT, Role.BALANCER)}
    assert others == {"network", "clients"}
    assert links(rig, "network") | links(rig, "clients") == {"network": None, "clients": None}
    assert rig.variants == 3  # 24 instances, at most 10 in a descriptor, and 2 will not do
    assert len(rig.with_role(Role.CLIENT)) % 3 == 0


def test_a_quarter_of_the_bramble_has_a_quarter_of_every_link():
    assert set(links(rendered("bramble-pi3", scale="1/4"), "pi").values()) == {24.2e6}


def test_two_boards_of_the_next_but_one_generation_have_more_than_three_times_their_links():
    rig = rendered("bramble-pi5")
    counts = Counter(backend.host for backend in rig.with_role(Role.BACKEND))
    assert counts == {"pi1": 4, "pi2": 4}
    assert 3 < sum(links(rig, "pi").values()) / (6 * 96.8e6) < 4


def test_the_wide_area_is_drawn_as_its_profile_says():
    far = [host for host in rendered("wide-area").hosts if host.name != "network"]
    drawn = random.Random(2017)  # noqa: S311 - the profile names it
    delays = [round(5 + 15 * drawn.random(), 1) for _ in range(9)]
    assert [host.name for host in far] == [
        *(f"relays-{n}" for n in range(1, 7)), "clients-1", "clients-2", "backends",
    ]  # fmt: skip
    assert [round(1000 * host.delay_seconds, 3) for host in far] == delays
    hops = [2000 * (a.delay_seconds + b.delay_seconds) for a, b in combinations(far, 2)]
    assert (round(min(hops)), round(max(hops))) == (29, 71)


def test_in_the_wide_area_relays_are_shared_out_and_nothing_is_shaped():
    rig = rendered("wide-area")
    counts = Counter(relay.host for relay in rig.with_role(Role.RELAY))
    assert counts == {f"relays-{n}": 2 for n in range(1, 7)}
    assert {host.link_bits_per_second for host in rig.hosts} == {None}

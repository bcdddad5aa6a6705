"""From the groups of an inventory to the hosts of an experiment, and what the two cannot mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.cli.question import ask
from onionrig.errors import UsageError
from onionrig.experiment.decode import experiment_from, layer_from_toml, plain
from onionrig.experiment.hosts import GROUPS
from onionrig.experiment.inventory import NAME, with_inventory
from onionrig.experiment.placement import placement
from onionrig.experiment.question import question_from
from support.inventories import (
    ON_REAL_HOSTS,
    PATH,
    PRIVATE,
    SHELF,
    inventory_of,
    question,
    refused,
    roles,
)

# roles


def test_groups_give_hosts_their_roles_and_hosts_in_none_of_them_are_left_out():
    assert roles(question(PRIVATE).experiment) == {
        "pi1": ("balancer",),
        "pi2.local": ("backend",),
        "Pi_3": ("backend",),
        "laptop": ("client",),
        "big": ("authority", "relay"),
    }


def test_authorities_and_relays_stand_beside_the_clients_where_no_host_is_named_and_this_is_said():
    asked = question()
    assert roles(asked.experiment)["laptop"] == ("client", "authority", "relay")
    assert asked.resolved["hosts"].startswith(
        "authorities and relays are placed beside the clients, on laptop: no host is in the group "
        "authorities or relays"
    )
    assert "hosts" not in question(PRIVATE).resolved


def test_only_what_is_missing_stands_beside_the_clients():
    asked = question({**SHELF, "big": ["relays"]})
    assert roles(asked.experiment)["laptop"] == ("client", "authority")
    assert asked.resolved["hosts"].startswith("authorities are placed beside the clients")


def test_nothing_is_placed_beside_backends_by_itself():
    both = '[[hosts]]\nname = "laptop"\nroles = ["client", "backend"]'
    assert "name hosts for them" in refused(text=both)
    two = {**SHELF, "desk": ["clients"]}
    assert roles(question(two, both).experiment)["laptop"] == ("client", "backend")
    assert roles(question(two, both).experiment)["desk"] == ("client", "authority", "relay")


def test_hosts_of_the_experiment_override_their_groups():
    asked = question(
        PRIVATE,
        '[[hosts]]\nname = "pi1"\nroles = ["relay"]\n'
        '[[hosts]]\nname = "printer"\nroles = ["balancer"]',
    )
    assert roles(asked.experiment)["pi1"] == ("relay",)
    assert roles(asked.experiment)["printer"] == ("balancer",)


def test_a_resolved_experiment_means_the_same_when_it_is_asked_again():
    first = question(PRIVATE, cores={"pi2.local": 4, "Pi_3": 2}).experiment
    tables = {key: value for key, value in plain(first).items() if key != "cluster"}
    assert question(PRIVATE, cores={"pi2.local": 1}, **tables).experiment == first


def test_a_baseline_needs_backends_and_clients_alone():
    asked = question({"pi2": ["backends"], "laptop": ["clients"]}, network={"kind": "none"})
    assert roles(asked.experiment) == {"pi2": ("backend",), "laptop": ("client",)}
    assert asked.resolved == {}
    assert "the role client: put one into the group clients" in refused(
        {"pi2": ["backends"]}, network={"kind": "none"}
    )


# what the two cannot mean


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        ({**SHELF, "pi4": ["backend"]}, f"{PATH}: unknown group backend; did you mean backends?"),
        ({**SHELF, "pi4": ["Backends"]}, "unknown group Backends; did you mean backends?"),
        ({**SHELF, "pi4": ["balancers"]}, "did you mean balancer?"),
        ({**SHELF, "pi4": ["client"]}, "did you mean clients?"),
        ({**SHELF, "pi4": ["authority"]}, "did you mean authorities?"),
        ({**SHELF, "pi4": ["relay"]}, "did you mean relays?"),
        ({**SHELF, "pi4": ["backends", "clients"]}, "pi4 is in the groups backends and clients"),
        ({**SHELF, "pi4": ["balancer"]}, "pi1 and pi4 have the role balancer: one host publishes"),
        ({**SHELF, "pi1": []}, f"no host of {PATH} has the role balancer: put one into the group"),
        ({**SHELF, "laptop": []}, "has the role client"),
        ({**SHELF, "pi 4": ["backends"]}, 'a host is called "pi 4"'),
        ({**SHELF, "x" * 49: ["backends"]}, "pi1 ansible_host=xxx"),
        ({**SHELF, "-pi": ["backends"]}, "the first a letter or a digit"),
        ({**SHELF, "relay-1": ["backends"]}, 'a host is called "relay-1": so may a service be'),
    ],
)
def test_groups_that_cannot_be_meant_are_refused_with_the_reason(groups, reason):
    assert reason in refused(groups)


def test_every_group_and_host_that_cannot_be_meant_is_named_at_once():
    groups = {
        **SHELF, "pi4": ["backends", "clients"], "pi5": ["backend"], "pi6": ["clients", "backends"],
        "pi 7": ["relays"], "pi8": ["balancers"],
    }  # fmt: skip
    text = '[[hosts]]\nname = "zzz"\nroles = ["relay"]\nlink = "1Mbit"'
    lines = refused(groups, text).splitlines()
    for words in (
        "unknown group backend;", "unknown group balancers;", "pi4 is in the groups",
        "pi6 is in the groups", "zzz: no such host", 'zzz: link = "1Mbit"', '"pi 7"',
    ):  # fmt: skip
        assert [line for line in lines if words in line], words
    assert len(lines) == 7


def test_a_group_within_the_one_that_it_is_called_like_is_no_mistake():
    assert roles(question({**SHELF, "pi4": ["backends", "backends_2"]}).experiment)["pi4"]
    assert question({**SHELF, "printer": ["all", "ungrouped", "basement"]})


def test_names_of_hosts_that_take_no_part_are_nobodys_business():
    assert "the printer" not in roles(question({**SHELF, "the printer": ["office"]}).experiment)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ('link = "100Mbit"', '[[hosts]] pi1: link = "100Mbit": that is emulated'),
        ('delay = "5ms"', 'delay = "5ms": that is emulated'),
        ("cpu = 0.5", "cpu = 0.5: that is emulated"),
        ('board = "pi3b"', f'board = "pi3b": that is emulated, and a host of {PATH} is what it is'),
    ],
)
def test_what_only_emulated_hosts_have_is_refused_by_name(key, reason):
    assert reason in refused(text=f'[[hosts]]\nname = "pi1"\nroles = ["balancer"]\n{key}')


def test_a_host_that_the_inventory_lacks_is_refused_with_the_nearest():
    text = '[[hosts]]\nname = "{}"\nroles = ["relay"]'
    assert f"pi2: no such host in {PATH}; did you mean pi" in refused(text=text.format("pi2"))
    assert "it has pi1, pi2.local, Pi_3, laptop, printer" in refused(text=text.format("zzz"))


def test_a_scale_is_refused_by_name():
    assert 'emulation.scale = "1/4" (--scale) with cluster.inventory (-i)' in refused(
        emulation={"scale": "1/4"}
    )


def test_a_baseline_has_no_end_outside_the_inventory():
    for key in ("peer", "listen"):
        assert f"baseline.{key} = " in refused(
            network={"kind": "none"}, baseline={key: "192.0.2.1:9000"}
        )


@pytest.mark.parametrize(("grace", "fits"), [("15s", True), ("1h", True), ("14s", False)])
def test_a_grace_has_bounds(grace, fits):
    text = f'[cluster]\ngrace = "{grace}"'
    if fits:
        assert question(text=text).experiment.cluster.grace
    else:
        assert 'cluster.grace = "14s": 15s to 1h' in refused(text=text)


def test_a_port_may_be_fixed_by_hand_since_its_host_is_there_to_be_logged_in_to():
    assert question(load={"socks_port": 9050}).experiment.load.socks_port == 9050


def test_emulated_hosts_have_no_cores_and_names_that_fit_their_interfaces():
    for line, reason in (
        ('name = "pi1"\ncores = 4', "host pi1: cores = 4: only a host of an inventory"),
        ('name = "pi1.local"', 'a host is called "pi1.local": an emulated one has up to 24'),
    ):
        with pytest.raises(UsageError) as caught:
            ask(None, None, [], layer_from_toml(f'[[hosts]]\n{line}\nroles = ["relay"]', origin=""))
        assert reason in str(caught.value)


def test_an_inventory_is_read_only_where_one_is_asked_for():
    nobody = lambda *_: pytest.fail("it was read")  # noqa: E731
    assert question_from([], name="test", catalogue=nobody, inventory=nobody)


# whatever it says


@given(
    groups=st.dictionaries(
        st.from_regex(NAME, fullmatch=True),
        st.lists(st.sampled_from([*GROUPS.values(), "office"]), max_size=2),
        max_size=8,
    ),
    kind=st.sampled_from(["private", "none"]),
)
def test_any_inventory_is_refused_or_has_every_service_placed_on_a_host_of_its_role(groups, kind):
    try:
        experiment = question(groups, network={"kind": kind}).experiment
    except UsageError:
        return
    taking_part = roles(experiment)
    assert set(placement(experiment).values()) <= taking_part.keys() <= groups.keys()
    for service, host in placement(experiment).items():
        role = service.rsplit("-", 1)[0]
        if role in GROUPS and kind == "private":
            assert role in taking_part[host]
    for host, given_roles in taking_part.items():
        if "backend" in given_roles:
            added = {"authority", "relay"} & set(given_roles)
            assert {GROUPS[role] for role in added} <= set(groups[host])


@given(name=st.text(max_size=60))
def test_a_name_is_refused_unless_files_and_units_can_have_it(name):
    experiment = experiment_from([ON_REAL_HOSTS])
    groups = {**SHELF, name: ["backends"]}
    try:
        hosts = with_inventory(experiment, inventory_of(groups)).experiment.hosts
    except UsageError:
        assert not NAME.fullmatch(name)
    else:
        assert {host.name for host in hosts} == groups.keys() - {"printer"}
        assert "/" not in name
        assert "\n" not in name

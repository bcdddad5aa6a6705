"""Inventories that `onionrig cluster init` writes."""

import pytest
import yaml

from onionrig.cluster.init import inventory_text, plan, write_inventory
from onionrig.engine.ansible.inventory import read_inventory
from onionrig.errors import UsageError


def test_the_roles_of_the_issue_s_example():
    planned = plan(["pi1", "pi2", "pi3"], balancer="pi1", clients=["laptop"])
    assert planned.groups == {
        "balancer": ("pi1",),
        "backends": ("pi2", "pi3"),
        "clients": ("laptop",),
        "authorities": ("laptop",),
        "relays": ("laptop",),
    }
    assert [text.partition(":")[0] for text in planned.remarks] == ["authorities", "relays"]
    assert "never on backends" in planned.remarks[0]


def test_a_lone_host_is_balancer_and_backend_and_clients_are_missing():
    planned = plan(["pi1"])
    assert planned.groups["balancer"] == planned.groups["backends"] == ("pi1",)
    assert planned.groups["relays"] == ()
    assert any(text.startswith("clients: missing") for text in planned.remarks)


def test_ansible_reads_what_was_written(tmp_path):
    path = tmp_path / "inventory.yml"
    planned = plan(
        ["pi@pi1", "2.example", "on"],
        clients=["here"],
        relays=["big"],
        local_names={"here", "localhost"},
    )
    write_inventory(path, planned)
    hosts = {host.name: host for host in read_inventory(str(path))}
    assert hosts["pi1"].user == "pi"
    assert hosts["here"].is_local
    assert {name: host.groups for name, host in hosts.items()} == {
        "2.example": ("backends",),
        "big": ("relays",),
        "here": ("authorities", "clients"),
        "on": ("backends",),
        "pi1": ("balancer",),
    }
    assert any("onionrig_address" in text for text in planned.remarks)


def test_a_file_that_is_there_is_never_overwritten(tmp_path):
    path = tmp_path / "inventory.yml"
    path.write_text("mine")
    with pytest.raises(UsageError, match="is there already and is not overwritten"):
        write_inventory(path, plan(["pi1"]))
    assert path.read_text() == "mine"
    assert "pi1:" in inventory_text(plan(["pi1"]))


def test_names_that_are_not_hosts_are_refused():
    with pytest.raises(UsageError, match="a host is written as"):
        plan(["pi1", "pi 2"])


def test_logins_with_odd_letters_remain_single_yaml_words(tmp_path):
    odd = 'a: b #c "d" \\e {f}'
    file = tmp_path / "inventory.yml"
    write_inventory(file, plan([f"{odd}@pi1"], clients=["pi2"]))
    text = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert text["all"]["hosts"]["pi1"]["ansible_user"] == odd
